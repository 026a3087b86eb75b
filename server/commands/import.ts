// `npm run import -- products|movements FILE`: beside a running server through it, so that its devices hear at once;
// without one on the database itself. Guarantees: progress on stderr, the report alone on stdout; exit 0 when every row
// was taken, 1 when some were not, 2 when nothing could be begun.
import { createReadStream, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pino from 'pino'
import { AccessTokens } from '../accounts/access-tokens.ts'
import { Accounts } from '../accounts/accounts.ts'
import { alertRules } from '../alerts/alert-rules.ts'
import type { CommitEvent } from '../events/commit-event.ts'
import { openBus } from '../bus/bus.ts'
import type { Config } from '../process/config.ts'
import { readConfig } from '../process/config.ts'
import { Database } from '../database/database.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import type { Manager } from '../database/managers-store.ts'
import { listManagers } from '../database/managers-store.ts'
import { migrate } from '../database/schema/migrate.ts'
import { Importer } from '../imports/importer.ts'
import type { ImportReport } from '../imports/report.ts'
import { reportText } from '../imports/report-text.ts'
import { persistedSecret } from '../process/persisted-secret.ts'
import { Ledger } from '../ledger/ledger.ts'
import { StartError } from '../process/start-error.ts'

const USAGE = `npm run import -- products|movements FILE [--dry-run] [--json]
  --org NAME        the organisation, where there are several
  --location NAME   where rows belong that name no place (name or barcode of a location)
  --url URL         the running server, where it is not at PUBLIC_URL or PORT`

const PROBE_TIMEOUT_MS = 1_500
const PROGRESS_EVERY_MS = 500

interface Request {
  kind: ImportReport['kind']
  file: string
  size: number
  dryRun: boolean
  json: boolean
  org: string | undefined
  location: string | undefined
  url: string | undefined
}

type Urls = { url: string; ownerUrl: string }

const log = pino({ level: 'silent' })

async function main(): Promise<number> {
  const request = readRequest()
  const config = readConfig(process.env)
  const server = await findServer(config, request)
  const report =
    server === undefined ? await importDirectly(config, request) : await importThrough(server, config, request)
  process.stderr.write('\n')
  process.stdout.write(request.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report))
  return report.refused > 0 || report.fileProblem ? 1 : 0
}

function readRequest(): Request {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const options = { org: text, location: text, url: text, 'dry-run': flag, json: flag }
  let parsed
  try {
    parsed = parseArgs({ options, allowPositionals: true })
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`)
  }
  const [kind, file, ...more] = parsed.positionals
  if ((kind !== 'products' && kind !== 'movements') || file === undefined || more.length > 0)
    throw new StartError(USAGE)
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new StartError(`there is no file ${file}`)
  const { org, location, url, 'dry-run': dryRun, json } = parsed.values
  return { kind, file, size: stats.size, dryRun, json, org, location, url }
}

/** The address of a server that answers, if one runs. */
async function findServer({ port }: Config, { url }: Request): Promise<string | undefined> {
  const address = url ?? `http://127.0.0.1:${port}`
  try {
    const { ok } = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    if (ok) return address
  } catch {
    // Nobody there: that is an answer, too.
  }
  if (url !== undefined) throw new StartError(`no Stockhand answers at ${url}`)
  return undefined
}

/**
 * Signs in as a manager by a session made in the database: whoever runs this can read DATA_DIR or DATABASE_URL, and
 * needs no password. The server then takes the file as from anybody else.
 */
async function importThrough(server: string, config: Config, request: Request): Promise<ImportReport> {
  const urls = config.databaseUrl === undefined ? findEmbeddedPostgres(config.dataDir) : databaseUrls(config)
  if (!urls)
    throw new StartError(`the server at ${server} does not use ${config.dataDir}: set DATA_DIR as for npm start`)
  const manager = await findManager(urls, request)
  const database = new Database(urls.url)
  try {
    const accounts = accountsOf(database, config)
    const issued = await accounts.openSession(manager.orgId, manager.userId)
    if (!issued) throw new StartError(`${manager.email} may not sign in`)
    try {
      return await upload(server, issued.signedIn.accessToken, request)
    } finally {
      await accounts.logout(issued.refreshToken)
    }
  } finally {
    await database.end()
  }
}

async function upload(server: string, accessToken: string, request: Request): Promise<ImportReport> {
  const { kind, dryRun, location } = request
  const options = new URLSearchParams({ dryRun: String(dryRun), ...(location !== undefined && { location }) })
  const response = await fetch(`${server}/trpc/imports.${kind}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      authorization: `Bearer ${accessToken}`,
      'stockhand-import': options.toString(),
    },
    body: ReadableStream.from(read(request)),
    duplex: 'half',
  })
  const answer = (await response.json()) as { result?: { data: ImportReport }; error?: { message: string } }
  if (answer.result) return answer.result.data
  throw new StartError(`the server at ${server} refused the file: ${answer.error?.message ?? response.status}`)
}

async function importDirectly(config: Config, request: Request): Promise<ImportReport> {
  const embedded = config.databaseUrl === undefined ? await startEmbedded(config) : undefined
  const urls = embedded ?? databaseUrls(config)
  try {
    await migrate(urls.ownerUrl, { appUrl: urls.url, log })
    const { orgId, userId } = await findManager(urls, request)
    const database = new Database(urls.url)
    const bus = openBus<CommitEvent>({ redisUrl: config.redisUrl, deliver: () => undefined, log })
    try {
      const ledger = new Ledger({
        database,
        alertRules,
        now: Date.now,
        publish: (event) => bus.publish(event),
      })
      const importer = new Importer({ database, ledger, now: Date.now })
      const { dryRun, location } = request
      return await importer[request.kind]({ orgId, userId, dryRun, location, bytes: read(request) })
    } finally {
      await bus.close()
      await database.end()
    }
  } finally {
    await embedded?.stop()
  }
}

async function startEmbedded({ dataDir, port }: Config) {
  try {
    return await startEmbeddedPostgres({ dataDir, log })
  } catch (error) {
    if (!(error instanceof StartError) || !findEmbeddedPostgres(dataDir)) throw error
    throw new StartError(`${error.message}. It does not answer at port ${port}: set PORT as for npm start, or --url`)
  }
}

function databaseUrls({ databaseUrl = '', databaseOwnerUrl = databaseUrl }: Config): Urls {
  return { url: databaseUrl, ownerUrl: databaseOwnerUrl }
}

function accountsOf(database: Database, config: Config): Accounts {
  const tokens = new AccessTokens(config.jwtSecret ?? persistedSecret(config.dataDir, 'jwt-secret'))
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  return new Accounts({ database, ledger, tokens })
}

/** The first manager of the organisation that is meant. */
async function findManager({ ownerUrl }: Urls, { org }: Request): Promise<Manager> {
  const managers = await listManagers(ownerUrl)
  const names = [...new Set(managers.map(({ orgName }) => orgName))]
  if (names.length === 0) throw new StartError('there is no organisation yet: npm start makes one')
  if (org === undefined && names.length > 1)
    throw new StartError(`which organisation? --org, one of: ${names.join(', ')}`)
  const manager = managers.find(({ orgName }) => org === undefined || orgName === org)
  if (!manager) throw new StartError(`there is no organisation "${org}", but: ${names.join(', ')}`)
  return manager
}

/** The file's bytes; says on stderr how far they are. A piece is asked for when the one before is dealt with. */
async function* read({ file, size }: Request): AsyncGenerator<Uint8Array> {
  let done = 0
  let toldAt = 0
  for await (const chunk of createReadStream(file)) {
    yield chunk as Uint8Array
    done += (chunk as Uint8Array).byteLength
    if (performance.now() - toldAt < PROGRESS_EVERY_MS && done < size) continue
    toldAt = performance.now()
    process.stderr.write(`\r${file}: ${Math.floor((done / Math.max(1, size)) * 100)} %`)
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(
    `import: ${error instanceof StartError ? error.message : ((error as Error).stack ?? String(error))}\n`,
  )
  process.exitCode = 2
}
