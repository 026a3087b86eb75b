// Whether the built client is older than its sources. Guarantees: it is stale after a change in a source, its configuration
// or the installed packages; it is never stale in an image, which has the build without the sources.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const BUILT = 'dist/client/index.html'
const SOURCES = ['client', 'shared', 'vite.config.ts', 'package-lock.json']

/** @param root The folder of package.json. */
export function isClientStale(root: string): boolean {
  const built = join(root, BUILT)
  if (!existsSync(built)) return true
  // In an image, shared/ exists for the server, with times that say nothing about the build.
  if (!existsSync(join(root, 'client'))) return false
  const { mtimeMs } = statSync(built)
  return SOURCES.some((source) => existsSync(join(root, source)) && newest(join(root, source)) > mtimeMs)
}

/** Includes the folders, whose time changes when a file is deleted. */
function newest(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  const inside = readdirSync(path).map((name) => newest(join(path, name)))
  return Math.max(stats.mtimeMs, ...inside)
}
