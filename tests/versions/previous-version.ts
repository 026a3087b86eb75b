// The previous version as it was released: taken from the history of this repository, to run beside the current one.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import type { Device } from '../../client/device/device.ts'
import { freePort } from '../support/free-port.ts'
import { JWT_SECRET } from '../support/test-server.ts'

/** Set this to the version that people run, at every release. */
const PREVIOUS = '26540bc'
/** The version before the newest migrations, from which a deployment upgrades server by server. */
export const BEFORE_MIGRATIONS = '51c81b6'
const ROOT = resolve(import.meta.dirname, '../..')
const START_TIMEOUT_MS = 20_000
/** The path of the file in later previous versions. */
const HTTP_LINK = 'client/sync/http-server-link.ts'

/** Unpacks a version once and returns its folder, which uses the same packages. */
function unpack(version: string): string {
  const folder = join(ROOT, '.cache/versions', version)
  if (existsSync(folder)) return folder
  const draft = `${folder}.new-${process.pid}`
  mkdirSync(draft, { recursive: true })
  const parts = [
    'client',
    'server',
    'shared',
    'sql',
    'tests/support',
    'package.json',
    'tsconfig.json',
    'vite.config.ts',
  ]
  let archive: Buffer
  try {
    archive = execFileSync('git', ['archive', version, ...parts], { cwd: ROOT, maxBuffer: 2 ** 28 })
  } catch (error) {
    throw new Error(`the previous version (${version}) is not in this clone: fetch its whole history`, { cause: error })
  }
  execFileSync('tar', ['-x', '-C', draft], { input: archive })
  rmSync(folder, { recursive: true, force: true })
  renameSync(draft, folder)
  return folder
}

/** Builds the client of the previous version, which its server then serves. */
export async function buildPreviousClient(version = PREVIOUS): Promise<void> {
  const folder = unpack(version)
  if (existsSync(join(folder, 'dist/client/service-worker.js'))) return
  await build({ configFile: join(folder, 'vite.config.ts'), root: join(folder, 'client'), logLevel: 'error' })
}

/** A server of the previous version on a database of the current one, as during a rolling upgrade. */
export async function startPreviousServer(
  databaseUrl: string,
  { version = PREVIOUS, port, redisUrl = '' }: { version?: string; port?: number; redisUrl?: string } = {},
): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = unpack(version)
  port ??= await freePort()
  const settings = { PORT: String(port), DATABASE_URL: databaseUrl, REDIS_URL: redisUrl }
  const env = { ...process.env, ...settings, JWT_SECRET, LOG_LEVEL: 'silent' }
  const child = spawn(process.execPath, [join(folder, 'tests/support/run-server.ts')], {
    cwd: folder,
    env: { ...env, PUBLIC_URL: `http://localhost:${port}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://localhost:${port}`
  const latest = Date.now() + START_TIMEOUT_MS
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
    if (Date.now() > latest || child.exitCode !== null)
      throw new Error('the server of the previous version did not start')
    await new Promise((done) => setTimeout(done, 20))
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url, stop }
}

/** What a test needs of a device of any version. */
export interface AnyDevice {
  device: Pick<Device, 'record' | 'queries' | 'syncPoint' | 'pendingCount'>
  stop(): Promise<void>
}

/** A device of the previous version, with its own code, against a server at some address. */
export async function startPreviousDevice(
  origin: string,
  who: { token: string; userId: string; name: string; now?: () => number; version?: string },
): Promise<AnyDevice> {
  const { token, userId, name, now = Date.now, version = PREVIOUS } = who
  const folder = unpack(version)
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, path)).href)
  const [devices, syncs, links] = await Promise.all([
    load('client/device/device.ts'),
    load('client/sync/sync.ts'),
    load(existsSync(join(folder, HTTP_LINK)) ? HTTP_LINK : 'client/sync/server-link.ts'),
  ])
  const { signal } = await import('@preact/signals')
  const session = { token: async () => token, forgetToken: () => undefined, expired: signal(false) }
  const device = (await devices.Device.open({ name, actor: { userId, role: 'manager' }, now })) as PreviousDevice
  const sync = new syncs.Sync({ device, session, link: links.httpServerLink(session, origin) })
  return startSync(withCurrentNames(device), sync)
}

/** The names of that version for the parts of a device that tests use. */
type PreviousDevice = Pick<Device, 'record' | 'pendingCount'> & {
  view: Device['queries']
  point: Device['syncPoint']
  close(): void
}

function withCurrentNames(device: PreviousDevice): AnyDevice['device'] & { close(): void } {
  return {
    record: (...args) => device.record(...args),
    pendingCount: device.pendingCount,
    get queries() {
      return device.view
    },
    get syncPoint() {
      return device.point
    },
    close: () => device.close(),
  }
}

/** Starts the sync of a device of any version. */
export function startSync(
  device: AnyDevice['device'] & { close(): void },
  sync: { start(): void; stop(): Promise<void> },
): AnyDevice {
  sync.start()
  return {
    device,
    stop: async () => {
      await sync.stop()
      device.close()
    },
  }
}
