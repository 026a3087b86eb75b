// A database of its own for a test file: real PostgreSQL, cloned from the migrated template in some 30 ms.
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { TEMPLATE } from './postgres-server.ts'

export type TestDatabase = { ownerUrl: string; url: string; drop(): Promise<void> }

export async function createTestDatabase({ template = TEMPLATE } = {}): Promise<TestDatabase> {
  const server = inject('postgres')
  const name = `test_${randomBytes(6).toString('hex')}`
  await asOwner(`create database ${name} template ${template} strategy file_copy`)
  return {
    ownerUrl: withDatabase(server.ownerUrl, name),
    url: withDatabase(server.url, name),
    drop: () => asOwner(`drop database if exists ${name} with (force)`),
  }
}

/** Without migrations, for the tests of migrating itself. */
export function createEmptyTestDatabase(): Promise<TestDatabase> {
  return createTestDatabase({ template: 'template0' })
}

async function asOwner(statement: string): Promise<void> {
  const sql = postgres(inject('postgres').ownerUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
