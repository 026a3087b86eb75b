// `npm run import -- products|movements FILE`: imports through the running server, so that its devices get the changes at
// once, or directly into the database if no server runs. Guarantees: progress is on stderr and only the report on stdout;
// exit code 0 if every row was imported, 1 if some were not, 2 if the import could not begin.
import { createReadStream, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pino from 'pino'
import { AccessTokens } from '../accounts/access-tokens.ts'
import { Accounts } from '../accounts/accounts.ts'
import { alertRules } from '../alerts/alert-rules.ts'
import type { CommitEvent } from '../events/commit-event.ts'
import { openBus } from '../bus/bus.ts'
import type { Config } from '../process/config.ts'
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
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'

const USAGE = `npm run import -- products|movements FILE [--dry-run] [--json]
  --org NAME        the organisation, if there are several
  --location NAME   the name or barcode of the location for rows without one
  --url URL         the running server, if it is not at PORT on this machine`

const PROBE_TIMEOUT_MS = 1_500
const PROGRESS_INTERVAL_MS = 500

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

await runCommand({ name: 'import', failureCode: 2, run })

async function run(tools: CommandTools): Promise<number> {
  const request = parseArguments()
  const server = await findServer(tools.config, request)
  const report =
    server === undefined ? await importDirectly(request, tools) : await importThrough(server, request, tools)
  process.stderr.write('\n')
  process.stdout.write(request.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report))
  return report.refused > 0 || report.fileProblem ? 1 : 0
}

function parseArguments(): Request {
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

/** The address of a running server. Returns undefined if none answers. */
async function findServer({ port }: Config, { url }: Request): Promise<string | undefined> {
  const address = url ?? `http://127.0.0.1:${port}`
  try {
    const { ok } = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    if (ok) return address
  } catch {
    // No server is running there.
  }
  if (url !== undefined) throw new StartError(`no Stockhand answers at ${url}`)
  return undefined
}

/**
 * Uploads the file as a manager, with a session that is created in the database. No password is needed, because the person
 * who runs this can read DATA_DIR or DATABASE_URL. The server handles the file like any other upload.
 */
async function importThrough(
  server: string,
  request: Request,
  { config, closeAtEnd }: CommandTools,
): Promise<ImportReport> {
  const urls = config.databaseUrl === undefined ? findEmbeddedPostgres(config.dataDir) : databaseUrls(config)
  if (!urls)
    throw new StartError(`the server at ${server} does not use ${config.dataDir}: set DATA_DIR as for npm start`)
  const manager = await findManager(urls, request)
  const database = new Database(urls.url)
  closeAtEnd(() => database.end())
  const accounts = accountsOf(database, config)
  const issued = await accounts.openSession(manager.orgId, manager.userId)
  if (!issued) throw new StartError(`${manager.email} may not sign in`)
  closeAtEnd(() => accounts.logout(issued.refreshToken))
  return upload(server, issued.signedIn.accessToken, request)
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
    body: ReadableStream.from(readFile(request)),
    duplex: 'half',
  })
  const answer = (await response.json()) as { result?: { data: ImportReport }; error?: { message: string } }
  if (answer.result) return answer.result.data
  throw new StartError(`the server at ${server} refused the file: ${answer.error?.message ?? response.status}`)
}

async function importDirectly(request: Request, { config, closeAtEnd }: CommandTools): Promise<ImportReport> {
  const urls = config.databaseUrl === undefined ? await startEmbedded(config, closeAtEnd) : databaseUrls(config)
  await migrate(urls.ownerUrl, { appUrl: urls.url, log })
  const { orgId, userId } = await findManager(urls, request)
  const database = new Database(urls.url)
  closeAtEnd(() => database.end())
  const bus = openBus<CommitEvent>({ redisUrl: config.redisUrl, deliver: () => undefined, log })
  closeAtEnd(() => bus.close())
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: (event) => bus.publish(event) })
  const importer = new Importer({ database, ledger, now: Date.now })
  const { dryRun, location } = request
  return importer[request.kind]({ orgId, userId, dryRun, location, bytes: readFile(request) })
}

async function startEmbedded({ dataDir, port }: Config, closeAtEnd: CommandTools['closeAtEnd']): Promise<Urls> {
  try {
    const embedded = await startEmbeddedPostgres({ dataDir, log })
    closeAtEnd(embedded.stop)
    return embedded
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

/** The first manager of the requested organisation. */
async function findManager({ ownerUrl }: Urls, { org }: Request): Promise<Manager> {
  const managers = await listManagers(ownerUrl)
  const names = [...new Set(managers.map(({ orgName }) => orgName))]
  if (names.length === 0) throw new StartError('there is no organisation yet: npm start creates one')
  if (org === undefined && names.length > 1)
    throw new StartError(`there are several organisations: add --org with one of ${names.join(', ')}`)
  const manager = managers.find(({ orgName }) => org === undefined || orgName === org)
  if (!manager) throw new StartError(`there is no organisation "${org}". There are: ${names.join(', ')}`)
  return manager
}

/** The bytes of the file, with the progress on stderr. A chunk is read when the one before it has been processed. */
async function* readFile({ file, size }: Request): AsyncGenerator<Uint8Array> {
  let done = 0
  let reportedAt = 0
  for await (const chunk of createReadStream(file)) {
    yield chunk as Uint8Array
    done += (chunk as Uint8Array).byteLength
    if (performance.now() - reportedAt < PROGRESS_INTERVAL_MS && done < size) continue
    reportedAt = performance.now()
    process.stderr.write(`\r${file}: ${Math.floor((done / Math.max(1, size)) * 100)} %`)
  }
}
