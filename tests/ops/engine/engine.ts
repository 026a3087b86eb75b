// The Docker engine for the tests of containers: the machine's own if it answers, otherwise one that is started for
// them and stopped after them. Guarantees: only images and containers with our names are changed; an engine that was
// started here is stopped by its own process id.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installedPrograms } from './programs.ts'

export interface Engine {
  /** True for an engine of the tests, which cannot reach a registry and has stand-ins as base images. */
  ownsImages: boolean
  /** The environment with which docker reaches the engine. */
  env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** Stays between runs, so that images are not built again. */
export const CACHE = join(import.meta.dirname, '../../../.cache/engine')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 30_000

export async function startEngine(): Promise<Engine> {
  if (process.env['OPS_OWN_ENGINE'] !== '1' && docker({ env: process.env }, 'info').status === 0)
    return { ownsImages: false, env: process.env, stop: async () => undefined }
  const { pluginConfig } = installedPrograms()
  // Short, because a socket path may have 108 characters and containerd appends some of its own.
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
      // Separate from the networks of another engine on this machine.
      '--bridge',
      'none',
      '--default-address-pool',
      'base=10.213.0.0/16,size=24',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_CONFIG: pluginConfig, DOCKER_BUILDKIT: '1' }
  const end = Date.now() + START_TIMEOUT_MS
  while (docker({ env }, 'info').status !== 0) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`dockerd did not start: ${output}`)
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

export type CommandResult = { status: number | null; stdout: string; stderr: string }

/** Runs docker and returns its result, also if it fails. */
export function docker({ env }: Pick<Engine, 'env'>, ...args: string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync('docker', args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}

/** Runs docker, which must succeed. @returns its stdout */
export function mustDocker(engine: Pick<Engine, 'env'>, ...args: string[]): string {
  const { status, stdout, stderr } = docker(engine, ...args)
  if (status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`)
  return stdout.trim()
}
