// Whether the built client is as new as what it is built from. Guarantees: a change in a source, its configuration or
// the installed packages means yes; an image that ships the build without the sources means no.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const BUILT = 'dist/client/index.html'
const SOURCES = ['client', 'shared', 'vite.config.ts', 'package-lock.json']

/** @param root The folder that package.json is in. */
export function isClientStale(root: string): boolean {
  const built = join(root, BUILT)
  if (!existsSync(built)) return true
  // An image: shared/ is there for the server, and as old or new as the machine that packed it says.
  if (!existsSync(join(root, 'client'))) return false
  const { mtimeMs } = statSync(built)
  return SOURCES.some((source) => existsSync(join(root, source)) && newest(join(root, source)) > mtimeMs)
}

/** The folders count too: their time tells of a file that was taken away. */
function newest(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  const inside = readdirSync(path).map((name) => newest(join(path, name)))
  return Math.max(stats.mtimeMs, ...inside)
}
