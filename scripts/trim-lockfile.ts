// `npm run lockfile`: removes the `engines` of dependencies from package-lock.json, because npm compares them with the Node
// that runs npm, and not with the pinned one that runs the packages. tests/install compares them with the pinned Node.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LOCKFILE = join(import.meta.dirname, '../package-lock.json')

const lockfile = JSON.parse(readFileSync(LOCKFILE, 'utf8')) as { packages: Record<string, { engines?: unknown }> }
let removed = 0
for (const [path, entry] of Object.entries(lockfile.packages)) {
  if (path === '' || entry.engines === undefined) continue // '' is this project, whose own requirement stays
  delete entry.engines
  removed += 1
}
if (removed > 0) writeFileSync(LOCKFILE, `${JSON.stringify(lockfile, null, 2)}\n`)
console.log(`package-lock.json: removed the engines of ${removed} packages`)
