// Checks the bytes that a device loads: builds the client and compares each chunk, compressed, with its budget in
// bundle-budgets.json. `ready` is everything that a signed-in handheld loads before it is ready to scan; the other names
// are entries of dynamic imports, with what only they import statically.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

interface ManifestChunk {
  file: string
  imports?: string[]
  isDynamicEntry?: boolean
}
type Manifest = Record<string, ManifestChunk>

interface Budgets {
  /** KB (1,024 bytes), compressed by gzip. */
  ready: number
  /** For every dynamic import that has no budget of its own. */
  other: number
  chunks: Record<string, number>
}

const ROOT = resolve(import.meta.dirname, '..')
/** What the address of a signed-in person on a handheld loads at once. */
const READY = ['index.html', 'app/signed-in.tsx']

async function main(): Promise<void> {
  const budgets = JSON.parse(readFileSync('scripts/bundle-budgets.json', 'utf8')) as Budgets
  const outDir = mkdtempSync(join(tmpdir(), 'stockhand-size-'))
  try {
    const configFile = join(ROOT, 'vite.config.ts')
    await build({
      configFile,
      root: join(ROOT, 'client'),
      logLevel: 'error',
      build: { outDir, emptyOutDir: true, manifest: true },
    })
    const manifest = JSON.parse(readFileSync(join(outDir, '.vite/manifest.json'), 'utf8')) as Manifest
    const kb = (keys: Iterable<string>) =>
      [...keys].reduce((sum, key) => sum + gzipSync(readFileSync(join(outDir, manifest[key]!.file))).length, 0) / 1024
    report(manifest, budgets, kb)
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

function report(manifest: Manifest, budgets: Budgets, kb: (keys: Iterable<string>) => number): void {
  const ready = closure(manifest, READY)
  const rows = [{ name: 'ready', size: kb(ready), budget: budgets.ready }]
  for (const [key, { isDynamicEntry }] of Object.entries(manifest)) {
    if (!isDynamicEntry || ready.has(key)) continue
    const own = [...closure(manifest, [key])].filter((one) => !ready.has(one))
    rows.push({ name: key, size: kb(own), budget: budgets.chunks[key] ?? budgets.other })
  }
  const unknown = Object.keys(budgets.chunks).filter((key) => !(key in manifest))
  for (const { name, size, budget } of rows.toSorted((a, b) => b.size - a.size)) {
    const isOver = size > budget
    if (isOver || name === 'ready')
      console.log(`${isOver ? 'over  ' : 'within'} ${size.toFixed(1)} of ${budget} KB ${name}`)
    if (isOver) process.exitCode = 1
  }
  if (unknown.length > 0) {
    console.log(`budgets of chunks that do not exist: ${unknown.join(', ')}`)
    process.exitCode = 1
  }
  console.log(`size: looked at ${rows.length} chunks`)
}

/** These modules and all that they import statically. */
function closure(manifest: Manifest, entries: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const queue = [...entries]; queue.length > 0;) {
    const key = queue.pop()!
    if (found.has(key)) continue
    const chunk = manifest[key]
    if (!chunk) throw new Error(`the build has no chunk ${key}`)
    found.add(key)
    queue.push(...(chunk.imports ?? []))
  }
  return found
}

await main()
