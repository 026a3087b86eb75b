// Renders an overlay with kubectl, with secrets generated as for a deployment.
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from './kubernetes-schema.ts'
import { findProgram } from '../../../scripts/find-program.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

/** @param components optional components of the overlay @param secrets further lines of secrets.env */
export function renderOverlay(overlay: string, components: string[] = [], secrets: string[] = []): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-'))
  try {
    cpSync(join(ROOT, 'k8s'), folder, { recursive: true, filter: (path) => !path.endsWith('secrets.env') })
    const target = join(folder, 'overlays', overlay)
    execFileSync('sh', [join(ROOT, 'scripts/make-env.sh'), join(target, 'secrets.env')])
    appendFileSync(join(target, 'secrets.env'), secrets.map((line) => `${line}\n`).join(''))
    const paths = components.map((name) => `../../components/${name}`)
    if (paths.length > 0) appendFileSync(join(target, 'kustomization.yaml'), `components: [${paths.join(', ')}]\n`)
    const text = execFileSync(findProgram('kubectl')!, ['kustomize', target], { encoding: 'utf8' })
    return parseAllDocuments(text).map((document) => document.toJSON() as Manifest)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
