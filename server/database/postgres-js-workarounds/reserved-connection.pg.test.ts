import postgres from 'postgres'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { ReservedConnection } from './reserved-connection.ts'

let pool: postgres.Sql
let owner: postgres.Sql

beforeEach(() => {
  pool = postgres(inject('postgres').url, { max: 1, onnotice: () => undefined })
  owner = postgres(inject('postgres').url, { max: 1 })
})
afterEach(async () => {
  await Promise.all([pool.end({ timeout: 1 }), owner.end()])
})

/** A connection that PostgreSQL has closed after its first statement. */
async function closedConnection() {
  let losses = 0
  const connection = new ReservedConnection(await pool.reserve(), () => (losses += 1))
  await connection.begin('begin')
  const [{ pid } = { pid: 0 }] = await connection.sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  await owner`select pg_terminate_backend(${pid})`
  await expect(connection.lost).rejects.toThrow('CONNECTION_CLOSED')
  return { connection, losses: () => losses }
}

test('a statement on a closed connection throws at once, where its caller can catch it', async () => {
  const { connection, losses } = await closedConnection()
  expect(() => connection.sql`select 1`).toThrow('CONNECTION_CLOSED')
  expect(() => connection.sql.unsafe('select 1')).toThrow('CONNECTION_CLOSED')
  expect(losses()).toBe(1)
})

test('a closed connection is not released a second time', async () => {
  const { connection } = await closedConnection()
  connection.release()
  expect(connection.isLost).toBe(true)
  expect([...(await pool`select 1 as one`)]).toEqual([{ one: 1 }])
})
