// A separate database for a test file: real PostgreSQL, cloned from the migrated template.
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { asOwner, cloneDatabase, TEMPLATE, withDatabase } from './template-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { ownerUrl: string; url: string }
  }
}

export type TestDatabase = { ownerUrl: string; url: string; drop(): Promise<void> }

export async function createTestDatabase({ template = TEMPLATE } = {}): Promise<TestDatabase> {
  const { ownerUrl, url } = inject('postgres')
  const name = `test_${randomBytes(6).toString('hex')}`
  await cloneDatabase(ownerUrl, { name, template })
  return {
    ownerUrl: withDatabase(ownerUrl, name),
    url: withDatabase(url, name),
    drop: () => asOwner(ownerUrl, `drop database if exists ${name} with (force)`),
  }
}

/** Creates a database without migrations, for the tests of migrating. */
export function createEmptyTestDatabase(): Promise<TestDatabase> {
  return createTestDatabase({ template: 'template0' })
}
