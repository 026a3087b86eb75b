// Runs a separate process, because the process must survive.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { isOrphanedError } from './orphaned-errors.ts'

/** Uses a database whose connections close as soon as they query their types. Prints "alive" at its end. */
const PROGRAM = `
  import { Database } from '${join(import.meta.dirname, '../database.ts')}'
  const database = new Database(process.env.URL, { poolMax: 1 })
  const asked = database.snapshot('00000000-0000-4000-8000-000000000000', (sql) => sql\`select 1\`)
  asked.catch(() => undefined) // fails, or is retried until the process ends
  await new Promise((resolve) => setTimeout(resolve, 500))
  if (process.env.BUG) void Promise.reject(new Error('a bug'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  console.log('alive')
  process.exit() // the driver retries forever, which would keep the process running
`

/** A proxy in front of PostgreSQL that cuts each connection that queries its types. */
async function startCutter(port: number, cut: (client: Socket) => void) {
  let cuts = 0
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    upstream.pipe(client)
    client.on('data', (chunk: Buffer) => {
      if (!chunk.includes('typarray')) return void upstream.write(chunk)
      cuts += 1
      cut(client)
      upstream.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, cuts: () => cuts, close: () => server.close() }
}

async function run(env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], { env: { ...process.env, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(child, 'close')
  return output
}

const cuts: [string, (client: Socket) => void][] = [
  ['closes', (client) => client.destroy()],
  ['is reset', (client) => client.resetAndDestroy()],
]

test.each(cuts)('a connection that %s while it is opened does not end the process, but a bug does', async (_, cut) => {
  const url = new URL(inject('postgres').url)
  const cutter = await startCutter(Number(url.port), cut)
  url.port = String(cutter.port)
  expect(await run({ URL: url.href })).toBe('alive\n')
  expect(cutter.cuts()).toBeGreaterThan(0)
  expect(await run({ URL: url.href, BUG: 'yes' })).toMatch(/Error: a bug/)
  cutter.close()
})

test('only a failed query for types on a closed connection is ignored', () => {
  const query = '\n select b.oid, b.typarray\n      from pg_catalog.pg_type a'
  const failure = (fields: object) => Object.assign(new Error('write CONNECTION_CLOSED'), fields)
  expect(isOrphanedError(failure({ code: 'CONNECTION_CLOSED', query }))).toBe(true)
  expect(isOrphanedError(failure({ code: 'CONNECTION_CLOSED', query: 'select 1' }))).toBe(false)
  expect(isOrphanedError(failure({ code: 'ECONNRESET', syscall: 'read', query }))).toBe(true)
  expect(isOrphanedError(failure({ code: '57P01', query }))).toBe(true)
  expect(isOrphanedError(failure({ code: '42P01', query }))).toBe(false)
  expect(isOrphanedError('CONNECTION_CLOSED')).toBe(false)
})
