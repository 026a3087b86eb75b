// An embedded PostgreSQL in a temporary folder, with a migrated database that tests clone in about 30 ms.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import postgres from 'postgres'
import { startEmbeddedPostgres } from '../../server/database/embedded/embedded-postgres.ts'
import { migrate } from '../../server/database/schema/migrate.ts'

export const TEMPLATE = 'template_migrated'

export interface TemplateServer {
  ownerUrl: string
  url: string
  stop(): Promise<void>
}

export async function startTemplateServer(): Promise<TemplateServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-test-'))
  const log = pino({ level: 'silent' })
  const server = await startEmbeddedPostgres({ dataDir, log, durable: false })
  const stop = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    const sql = postgres(server.ownerUrl, { max: 1 })
    await sql.unsafe(`create database ${TEMPLATE}`)
    await sql.end()
    await migrate(withDatabase(server.ownerUrl, TEMPLATE), { appUrl: server.url, log })
    return { ownerUrl: server.ownerUrl, url: server.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Clones a database from a template. */
export async function cloneDatabase(
  ownerUrl: string,
  { name, template }: { name: string; template: string },
): Promise<void> {
  await asOwner(ownerUrl, `create database ${name} template ${template} strategy file_copy`)
}

export async function asOwner(ownerUrl: string, statement: string): Promise<void> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
