import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startEmbeddedPostgres } from './embedded-postgres.ts'

const log = pino({ level: 'silent' })

/** Another process that uses the folder, like `npm start`, until it is killed. */
const HOLDER = `
  const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('embedded-postgres.ts', import.meta.url).href)});
  const log = { info() {}, debug() {}, error() {} };
  const server = await startEmbeddedPostgres({ dataDir: process.argv[1], log, durable: false });
  console.log(server.ownerUrl);
  setInterval(() => {}, 1000);
`

describe('startEmbeddedPostgres', () => {
  let dataDir: string
  const holders: ChildProcess[] = []

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'stockhand-embedded-'))
  })

  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL')
    const pid = serverPid()
    if (pid !== undefined) {
      process.kill(pid, 'SIGQUIT')
      // It still writes while it ends, which would create the folder again.
      await vi.waitFor(() => expect(() => realpathSync(`/proc/${pid}/cwd`)).toThrow(), 10_000)
    }
    rmSync(dataDir, { recursive: true, force: true })
  })

  const start = () => startEmbeddedPostgres({ dataDir, log, durable: false })

  function serverPid(): number | undefined {
    const path = join(dataDir, 'postgres/postmaster.pid')
    return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n')[0]) : undefined
  }

  async function startHolder(): Promise<ChildProcess & { url: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    holders.push(child)
    const [url] = (await once(child.stdout, 'data')) as [Buffer]
    return Object.assign(child, { url: url.toString().trim() })
  }

  it('keeps the data over a stop and a start', async () => {
    const first = await start()
    const writer = postgres(first.ownerUrl, { max: 1 })
    await writer`create table names (name text)`
    await writer`insert into names values ('höher 棚')`
    await writer.end()
    await first.stop()
    expect(serverPid()).toBeUndefined()
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)

    const second = await start()
    const reader = postgres(second.ownerUrl, { max: 1 })
    expect(await reader`select name, upper(name) as loud from names`).toEqual([{ name: 'höher 棚', loud: 'HÖHER 棚' }])
    await reader.end()
    await second.stop()
  })

  it('only accepts connections from this machine with a password, and the application’s login does not own anything', async () => {
    const server = await start()
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700)
    const app = postgres(server.url, { max: 1 })
    expect(await app`select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname = current_user`).toEqual([
      { rolsuper: false, rolbypassrls: false, rolcreatedb: false },
    ])
    const [settings] = await app`
      select current_setting('listen_addresses') as addresses, current_setting('server_encoding') as encoding,
        current_setting('password_encryption') as passwords`
    expect(settings).toEqual({ addresses: '127.0.0.1', encoding: 'UTF8', passwords: 'scram-sha-256' })
    await app.end()
    const wrong = new URL(server.ownerUrl)
    wrong.password = 'wrong'
    const stranger = postgres(wrong.href, { max: 1 })
    await expect(stranger`select 1`).rejects.toThrow(/password authentication failed/)
    await stranger.end()
    await server.stop()
  })

  it('is durable unless a test says otherwise', async () => {
    const server = await startEmbeddedPostgres({ dataDir, log })
    const sql = postgres(server.ownerUrl, { max: 1 })
    const names = ['fsync', 'full_page_writes', 'synchronous_commit']
    expect(await sql`select distinct setting from pg_settings where name in ${sql(names)}`).toEqual([{ setting: 'on' }])
    await sql.end()
    await server.stop()
  })

  it('tells a second start which process uses the folder', async () => {
    const holder = await startHolder()
    await expect(start()).rejects.toThrow(
      `${dataDir} is in use by another Stockhand (process ${holder.pid}): stop that one, or set DATA_DIR to another folder`,
    )
  })

  it('starts after kill -9, and stops the server that kept running', async () => {
    const holder = await startHolder()
    const left = serverPid() ?? 0
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    expect(() => process.kill(left, 0)).not.toThrow()
    const server = await start()
    expect(serverPid()).not.toBe(left)
    await server.stop()
  })

  it('starts after both were killed, and does not stop another process that has the old id', async () => {
    const holder = await startHolder()
    process.kill(serverPid() ?? 0, 'SIGKILL')
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const stranger = spawn('sleep', ['60'])
    writeFileSync(join(dataDir, 'postgres/postmaster.pid'), `${stranger.pid}\n${dataDir}/postgres\n`)
    const server = await start()
    await sleep(50)
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    stranger.kill()
    await server.stop()
  })

  it('waits for the child processes of a killed server', async () => {
    const holder = await startHolder()
    const sql = postgres(holder.url, { max: 1, onnotice: () => undefined })
    const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
    process.kill(pid, 'SIGSTOP')
    process.kill(serverPid() ?? 0, 'SIGKILL')
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    setTimeout(() => process.kill(pid, 'SIGCONT'), 1_500)
    await (await start()).stop()
    await sql.end({ timeout: 0 }).catch(() => undefined)
  })

  it('says in one line why a server does not start, and releases the folder', async () => {
    await (await start()).stop()
    const version = join(dataDir, 'postgres/PG_VERSION')
    writeFileSync(version, '12\n')
    await expect(start()).rejects.toThrow(
      /^PostgreSQL in .* does not start: it ended with code 1\. .*initialized by PostgreSQL version 12[^\n]*$/,
    )
    writeFileSync(version, '17\n')
    await (await start()).stop()
  })
})
