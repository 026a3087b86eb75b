// One engine and one image for all tests of containers.
import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { prepareBaseImages } from './base-images.ts'
import { mustDocker, startEngine } from './engine.ts'
import { report } from './programs.ts'

const IMAGE = 'stockhand:0.1.0'
const ROOT = resolve(import.meta.dirname, '../../..')

declare module 'vitest' {
  export interface ProvidedContext {
    engine: { env: Record<string, string>; image: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await startEngine()
  try {
    if (engine.ownsImages) {
      const images = prepareBaseImages(engine)
      report(`NOT TESTED HERE: the official images (no registry is reachable). Stand-ins: ${images.join(', ')}`)
      report(
        'NOT TESTED HERE: Grafana itself. Its stand-in shows that the provisioning files are mounted and readable.',
      )
    }
    report(`building ${IMAGE}`)
    const network = engine.ownsImages ? ['--network=host'] : []
    mustDocker(engine, 'build', '--quiet', ...network, '--tag', IMAGE, ROOT)
    const env = Object.entries(engine.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
    project.provide('engine', { env: Object.fromEntries(env), image: IMAGE })
  } catch (error) {
    await engine.stop()
    throw error
  }
  return () => engine.stop()
}
