// One PostgreSQL for all journeys, with a migrated template; its address reaches the tests by the environment.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import postgres from 'postgres'
import { startEmbeddedPostgres } from '../../../server/database/embedded-postgres.ts'
import { migrate } from '../../../server/database/migrate.ts'

export const TEMPLATE = 'template_migrated'

export default async function setup(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-e2e-'))
  const log = pino({ level: 'silent' })
  const server = await startEmbeddedPostgres({ dataDir, log, durable: false })
  const sql = postgres(server.ownerUrl, { max: 1 })
  await sql.unsafe(`create database ${TEMPLATE}`)
  await sql.end()
  const template = new URL(server.ownerUrl)
  template.pathname = `/${TEMPLATE}`
  await migrate(template.href, { appUser: new URL(server.url).username, log })
  process.env['E2E_OWNER_URL'] = server.ownerUrl
  process.env['E2E_APP_URL'] = server.url
  return async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
