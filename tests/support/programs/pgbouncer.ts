// A real PgBouncer in front of a database, in transaction mode: unrelated clients share a few connections to
// PostgreSQL.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from '../free-port.ts'

export interface PgBouncer {
  /** The URL of the same login and database through the pooler, with what its version requires of clients. */
  through(url: string): string
  /** Kills the pooler (SIGKILL) and starts it again at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 10_000
const NOBODY = 65_534
/** The first version that supports prepared statements in transaction mode. */
const KNOWS_PREPARED = [1, 21]

/** @param logins URLs of one database, one for each user who may log in */
export async function startPgBouncer(
  logins: readonly string[],
  { program, poolSize }: { program: string; poolSize: number },
): Promise<PgBouncer> {
  const { hostname, port: behind, pathname } = new URL(logins[0]!)
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'stockhand-pgbouncer-'))
  chmodSync(folder, 0o755) // if this user is root, another user reads it
  const users = logins.map((login) => new URL(login))
  const list = users.map(({ username, password }) => `"${username}" "${decodeURIComponent(password)}"\n`)
  writeFileSync(join(folder, 'users.txt'), list.join(''))
  const knowsPrepared = isAtLeast(versionOf(program), KNOWS_PREPARED)
  const settings = [
    '[databases]',
    `${pathname.slice(1)} = host=${hostname} port=${behind}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${join(folder, 'users.txt')}`,
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 1000',
    'ignore_startup_parameters = role',
    ...(knowsPrepared ? ['max_prepared_statements = 200'] : []),
  ]
  const config = join(folder, 'pgbouncer.ini')
  writeFileSync(config, `${settings.join('\n')}\n`)
  const through = (text: string) => {
    const url = new URL(text)
    url.port = String(port)
    url.searchParams.set('prepare', String(knowsPrepared))
    return url.href
  }
  const run = () => startProgram(program, config, through(logins[0]!))
  let child = await run()
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    through,
    restart: async () => {
      await kill()
      child = await run()
    },
    stop: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startProgram(program: string, config: string, url: string) {
  const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {} // PgBouncer does not run as root
  const child = spawn(program, [config], { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-2_000)))
  child.once('error', (error) => (output += error.message))
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  const end = Date.now() + START_TIMEOUT_MS
  while (
    !(await sql`select 1`.then(
      () => true,
      () => false,
    ))
  ) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`pgbouncer did not start: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await sql.end()
  return child
}

function versionOf(program: string): number[] {
  const output = execFileSync(program, ['--version'], { encoding: 'utf8' })
  return (/PgBouncer (\d+)\.(\d+)/.exec(output) ?? []).slice(1).map(Number)
}

function isAtLeast([major = 0, minor = 0]: number[], [wantedMajor = 0, wantedMinor = 0]: number[]): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
