// npm start as a person runs it: a real process, from an empty folder until it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../tests/support/free-port.ts'

type Run = { child: ChildProcess; errors: () => string; output: () => string; ended: Promise<number | null> }

/** A first start also builds the client. */
const START_LIMIT_MS = 45_000

describe('npm start', { timeout: 60_000 }, () => {
  let dataDir: string
  let port: number
  const runs: Run[] = []

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'stockhand-start-'))
    port = await freePort()
  })

  afterEach(async () => {
    for (const { child, ended } of runs.splice(0)) {
      child.kill('SIGTERM')
      await ended
    }
    rmSync(dataDir, { recursive: true, force: true })
  })

  function start(env: NodeJS.ProcessEnv = {}): Run {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'start.ts')], {
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', DATA_DIR: dataDir, PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let errors = ''
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const ended = once(child, 'close').then(([code]) => code as number | null)
    const run = { child, errors: () => errors, output: () => output, ended }
    runs.push(run)
    return run
  }

  const answers = () =>
    vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200), {
      timeout: START_LIMIT_MS,
      interval: 100,
    })

  it('serves the client from an empty folder, and ends completely within seconds of SIGTERM', async () => {
    const run = start()
    await answers()
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(true)
    const signalled = performance.now()
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(performance.now() - signalled).toBeLessThan(5_000)
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
    expect(run.errors()).toBe('')
  })

  it('treats two signals at once, as from Ctrl-C under npm, as one', async () => {
    const run = start()
    await answers()
    run.child.kill('SIGINT')
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(0)
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
  })

  it('ends cleanly if the signal arrives during the start', async () => {
    const run = start()
    await vi.waitFor(() => expect(existsSync(join(dataDir, 'postgres.new'))).toBe(true), START_LIMIT_MS)
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
  })

  it('prints its address, the demo’s people and, only at the first start, their password', async () => {
    const first = start()
    await vi.waitFor(() => expect(first.output()).toContain('To stop'), { timeout: START_LIMIT_MS, interval: 100 })
    expect(first.output()).toContain(`http://localhost:${port}`)
    const password = /[a-z]+-[a-z]+-[a-z]+-\d\d/.exec(first.output())?.[0]
    const { status } = await fetch(`http://127.0.0.1:${port}/trpc/auth.login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'staff@example.com', password }),
    })
    expect(status).toBe(200)
    first.child.kill('SIGTERM')
    await first.ended
    const second = start()
    await vi.waitFor(() => expect(second.output()).toContain('To stop'), { timeout: START_LIMIT_MS, interval: 100 })
    expect(second.output()).toContain('manager@example.com')
    expect(second.output()).not.toContain(password)
  })

  it('tells a second start in one line which process uses the folder', async () => {
    const first = start()
    await answers()
    const second = start({ PORT: String(await freePort()) })
    expect(await second.ended).toBe(1)
    expect(second.errors()).toBe(
      `stockhand: ${dataDir} is in use by another Stockhand (process ${first.child.pid}): ` +
        'stop that one, or set DATA_DIR to another folder\n',
    )
  })

  it('says in one line that the port is in use, and stops PostgreSQL', async () => {
    const other = createServer().listen(port)
    await once(other, 'listening')
    const run = start()
    expect(await run.ended).toBe(1)
    expect(run.errors()).toBe(
      `stockhand: port ${port} is in use: stop what uses it, or set PORT to another one (PORT=3001)\n`,
    )
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
    other.close()
  })

  it.each([
    ['a wrong variable', { PORT: 'abc' }, 'PORT must be a whole number. Example: 3000'],
    [
      'a database that is not there',
      { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/stock' },
      'the database at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): ' +
        'is it running, and is DATABASE_URL right?',
    ],
  ])('reports %s in one line', async (_, env, message) => {
    const run = start(env)
    expect(await run.ended).toBe(1)
    expect(run.errors()).toBe(`stockhand: ${message}\n`)
  })
})
