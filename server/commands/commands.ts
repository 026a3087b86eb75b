/** The commands of a container. Each is a program that runs when it is imported, and reads the arguments of the process. */
export const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  server: () => import('./start.ts'),
  migrate: () => import('./migrate.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  verify: () => import('./verify.ts'),
  import: () => import('./import.ts'),
}
