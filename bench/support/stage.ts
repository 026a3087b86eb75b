// The setup of a measurement: a durable PostgreSQL, an organisation, and a server in a separate process.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { AccessTokens } from '../../server/accounts/access-tokens.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { alertRules } from '../../server/alerts/alert-rules.ts'
import { Database } from '../../server/database/database.ts'
import { startEmbeddedPostgres } from '../../server/database/embedded/embedded-postgres.ts'
import { migrate } from '../../server/database/schema/migrate.ts'
import { Ledger } from '../../server/ledger/ledger.ts'
import { postJson } from './post-json.ts'
import { freePort } from '../../tests/support/free-port.ts'

export interface BenchStage {
  url: string
  databaseUrl: string
  ownerUrl: string
  orgId: string
  managerId: string
  email: string
  password: string
  token: string
  dataDir: string
  server: ChildProcess
  ledger: Ledger
  close(): Promise<void>
}

const START_TIMEOUT_MS = 120_000
/** The secret with which the servers of a stage sign tokens. */
export const SECRET = 'j'.repeat(40)

export async function openStage(): Promise<BenchStage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-bench-'))
  const log = pino({ level: 'silent' })
  const embedded = await startEmbeddedPostgres({ dataDir, log })
  await migrate(embedded.ownerUrl, { appUrl: embedded.url, log })
  const database = new Database(embedded.url)
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('b'.repeat(40)) })
  const person = { name: 'Bench', email: 'bench@example.com', password: 'bench-bench-bench', role: 'manager' as const }
  const { orgId, users } = await accounts.createOrganisation({ name: 'Bench', currency: 'EUR', people: [person] })
  const { server, url } = await startServerProcess({ databaseUrl: embedded.url, ownerUrl: embedded.ownerUrl, dataDir })
  const token = await signIn(url, person)
  const close = async () => {
    await stopProcess(server)
    await database.end()
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const { email, password } = person
  return {
    url,
    databaseUrl: embedded.url,
    ownerUrl: embedded.ownerUrl,
    orgId,
    managerId: users[0]!.id,
    email,
    password,
    token,
    dataDir,
    server,
    ledger,
    close,
  }
}

export async function startServerProcess({
  databaseUrl,
  ownerUrl,
  dataDir,
  nodeOptions = [],
  env = {},
}: {
  databaseUrl: string
  ownerUrl: string
  dataDir: string
  nodeOptions?: string[]
  env?: Record<string, string>
}) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = spawn(process.execPath, [...nodeOptions, 'server/commands/start.ts'], {
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      DATABASE_OWNER_URL: ownerUrl,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
      ROLES: 'api,worker', // no backup, because one during a measurement would distort it
      JWT_SECRET: SECRET,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const end = Date.now() + START_TIMEOUT_MS
  while (
    !(await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > end || server.exitCode !== null) throw new Error('the server did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { server, url }
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

export async function signIn(url: string, { email, password }: { email: string; password: string }): Promise<string> {
  const answer = await post(url, 'auth.login', { email, password })
  return (answer as { accessToken: string }).accessToken
}

/** Calls a query procedure. Throws unless it answers 200. */
export async function get(url: string, path: string, input: unknown, token: string): Promise<unknown> {
  const query = encodeURIComponent(JSON.stringify(input))
  const response = await fetch(`${url}/trpc/${path}?input=${query}`, { headers: { authorization: `Bearer ${token}` } })
  const body = (await response.json()) as { result: { data: unknown } }
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`)
  return body.result.data
}

/** Calls a mutation procedure. Throws unless it answers 200. */
export async function post(url: string, path: string, input: unknown, token?: string): Promise<unknown> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const { status, body } = await postJson(`${url}/trpc/${path}`, input, headers)
  if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`)
  return (body as { result: { data: unknown } }).result.data
}
