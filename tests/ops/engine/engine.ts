// The Docker engine that the tests of containers run on: the machine's own where one answers, otherwise one that is
// started for them and stopped after them. Guarantees: nothing of the machine's Docker is changed but images and
// containers that carry our names; an engine that was started here is ended by its own process id.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installedPrograms } from './programs.ts'

export interface Engine {
  /** True where this is an engine of the tests, which reaches no registry: its base images are stand-ins. */
  ownsImages: boolean
  /** What docker must be run with to reach it. */
  env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** Kept between runs: what was built once is not built again. */
export const CACHE = join(import.meta.dirname, '../../../.cache/engine')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 30_000

export async function startEngine(): Promise<Engine> {
  if (process.env['OPS_OWN_ENGINE'] !== '1' && docker({ env: process.env }, 'info').status === 0)
    return { ownsImages: false, env: process.env, stop: async () => undefined }
  const { pluginConfig } = installedPrograms()
  // Short: a socket's path may have 108 characters, and containerd adds some of its own.
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  const socket = `unix://${folder}/docker.sock`
  mkdirSync(CACHE, { recursive: true })
  const child = spawn(
    'dockerd',
    [
      '--data-root',
      join(CACHE, 'data'),
      '--exec-root',
      join(folder, 'exec'),
      '-H',
      socket,
      '--pidfile',
      join(folder, 'pid'),
      '--storage-driver',
      'overlay2',
      '--log-level',
      'warn',
      // Apart from the networks of another engine on this machine.
      '--bridge',
      'none',
      '--default-address-pool',
      'base=10.213.0.0/16,size=24',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)))
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_CONFIG: pluginConfig, DOCKER_BUILDKIT: '1' }
  const end = Date.now() + START_TIMEOUT_MS
  while (docker({ env }, 'info').status !== 0) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`dockerd does not start: ${words}`)
    await sleep(200)
  }
  return { ownsImages: true, env, stop: () => stopEngine(child, folder) }
}

async function stopEngine(child: ReturnType<typeof spawn>, folder: string): Promise<void> {
  child.kill('SIGTERM')
  const end = Date.now() + STOP_TIMEOUT_MS
  while (child.exitCode === null && child.signalCode === null) {
    if (Date.now() > end) child.kill('SIGKILL')
    await sleep(100)
  }
  rmSync(folder, { recursive: true, force: true })
}

export type Ran = { status: number | null; stdout: string; stderr: string }

/** Runs docker and takes its answer as it is. */
export function docker({ env }: Pick<Engine, 'env'>, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync('docker', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}

/** Runs docker, which must succeed. @returns what it said on stdout. */
export function mustDocker(engine: Pick<Engine, 'env'>, ...args: string[]): string {
  const { status, stdout, stderr } = docker(engine, ...args)
  if (status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`)
  return stdout.trim()
}
