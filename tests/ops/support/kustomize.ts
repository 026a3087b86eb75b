// What an overlay becomes, by kubectl, with secrets made as whoever deploys makes them.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from './kubernetes-schema.ts'
import { findProgram } from './lacks.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

export function renderOverlay(overlay: string): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-'))
  try {
    cpSync(join(ROOT, 'k8s'), folder, { recursive: true, filter: (path) => !path.endsWith('secrets.env') })
    const target = join(folder, 'overlays', overlay)
    execFileSync('sh', [join(ROOT, 'scripts/make-env.sh'), join(target, 'secrets.env')])
    const text = execFileSync(findProgram('kubectl')!, ['kustomize', target], { encoding: 'utf8' })
    return parseAllDocuments(text).map((document) => document.toJSON() as Manifest)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
