// One embedded PostgreSQL for a run of tests, with a migrated template database that each test file clones. Vitest
// starts it only when a test that needs it is among those selected, and it lives in a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../server/database/embedded-postgres.ts'
import { migrate } from '../../server/database/migrate.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { ownerUrl: string; url: string }
  }
}

export const TEMPLATE = 'template_migrated'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-test-'))
  const log = pino({ level: 'silent' })
  const server = await startEmbeddedPostgres({ dataDir, log, durable: false })
  const teardown = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    const sql = postgres(server.ownerUrl, { max: 1 })
    await sql.unsafe(`create database ${TEMPLATE}`)
    await sql.end()
    const template = new URL(server.ownerUrl)
    template.pathname = `/${TEMPLATE}`
    await migrate(template.href, { appUser: new URL(server.url).username, log })
    project.provide('postgres', { ownerUrl: server.ownerUrl, url: server.url })
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown
}
