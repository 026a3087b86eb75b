/** The commands of a container. Each is a program of its own that reads its arguments as if it had been started directly. */
export const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  server: () => import('./start.ts'),
  migrate: () => import('./migrate.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  verify: () => import('./verify.ts'),
  import: () => import('./import.ts'),
}
