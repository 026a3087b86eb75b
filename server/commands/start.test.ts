// npm start as a person meets it: the real process, from an empty folder to its end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../tests/support/free-port.ts'

type Run = { child: ChildProcess; errors: () => string; words: () => string; ended: Promise<number | null> }

/** Building the client is part of a first start. */
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
    let words = ''
    child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const ended = once(child, 'close').then(([code]) => code as number | null)
    const run = { child, errors: () => errors, words: () => words, ended }
    runs.push(run)
    return run
  }

  const answers = () =>
    vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200), {
      timeout: START_LIMIT_MS,
      interval: 100,
    })

  it('serves the client from an empty folder, and ends within seconds of SIGTERM with nothing left behind', async () => {
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

  it('takes a signal that comes twice at once, as from Ctrl-C under npm, for one', async () => {
    const run = start()
    await answers()
    run.child.kill('SIGINT')
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(0)
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
  })

  it('ends cleanly when the signal comes in the middle of the start', async () => {
    const run = start()
    await vi.waitFor(() => expect(existsSync(join(dataDir, 'postgres.new'))).toBe(true), START_LIMIT_MS)
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
  })

  it('tells its address, the demo’s people and their password: the last only at the first start', async () => {
    const first = start()
    await vi.waitFor(() => expect(first.words()).toContain('To stop'), { timeout: START_LIMIT_MS, interval: 100 })
    expect(first.words()).toContain(`http://localhost:${port}`)
    const password = /[a-z]+-[a-z]+-[a-z]+-\d\d/.exec(first.words())?.[0]
    const { status } = await fetch(`http://127.0.0.1:${port}/trpc/auth.login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'staff@example.com', password }),
    })
    expect(status).toBe(200)
    first.child.kill('SIGTERM')
    await first.ended
    const second = start()
    await vi.waitFor(() => expect(second.words()).toContain('To stop'), { timeout: START_LIMIT_MS, interval: 100 })
    expect(second.words()).toContain('manager@example.com')
    expect(second.words()).not.toContain(password)
  })

  it('tells a second start in one line who holds the folder', async () => {
    const first = start()
    await answers()
    const second = start({ PORT: String(await freePort()) })
    expect(await second.ended).toBe(1)
    expect(second.errors()).toBe(
      `stockhand: ${dataDir} is in use by another Stockhand (process ${first.child.pid}): ` +
        'stop that one, or set DATA_DIR to another folder\n',
    )
  })

  it('tells in one line that the port is in use, and leaves no PostgreSQL running', async () => {
    const taken = createServer().listen(port)
    await once(taken, 'listening')
    const run = start()
    expect(await run.ended).toBe(1)
    expect(run.errors()).toBe(
      `stockhand: port ${port} is in use: stop what uses it, or set PORT to another one (PORT=3001)\n`,
    )
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
    taken.close()
  })

  it.each([
    ['a wrong variable', { PORT: 'abc' }, 'PORT must be a whole number. Example: 3000'],
    [
      'a database that is not there',
      { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/stock' },
      'the database at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): ' +
        'is it running, and is DATABASE_URL right?',
    ],
  ])('tells of %s in one line', async (_, env, message) => {
    const run = start(env)
    expect(await run.ended).toBe(1)
    expect(run.errors()).toBe(`stockhand: ${message}\n`)
  })
})
