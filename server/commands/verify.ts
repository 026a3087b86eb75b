// `npm run verify`: checks the whole ledger of every organisation (or of one), beside a running server or without one.
// Guarantees: changes nothing; the report on stdout; exit 0 where all fits, 1 where something does not, 2 where nothing
// could be checked.
import { parseArgs } from 'node:util'
import pino from 'pino'
import { readConfig } from '../process/config.ts'
import { Database } from '../database/database.ts'
import { listOrganisations } from '../database/organisations-store.ts'
import type { CheckReport } from '../ledger/verify/ledger-check.ts'
import { checkLedger } from '../ledger/verify/ledger-check.ts'
import { openDatabase } from './open-database.ts'
import { StartError } from '../process/start-error.ts'

const USAGE = `npm run verify [-- --org NAME] [--json]`
const log = pino({ level: 'silent' })

async function main(): Promise<number> {
  const { org, json } = readRequest()
  const { url, stop } = await openDatabase(readConfig(process.env), log)
  const database = new Database(url)
  try {
    const all = await listOrganisations(database)
    const organisations = all.filter(({ name }) => org === undefined || name === org)
    if (organisations.length === 0) {
      throw new StartError(all.length === 0 ? 'there is no organisation yet' : `there is no organisation "${org}"`)
    }
    const reports: (CheckReport & { organisation: string })[] = []
    for (const { orgId, name } of organisations) {
      reports.push({ organisation: name, ...(await checkLedger(database, orgId)) })
    }
    process.stdout.write(json ? `${JSON.stringify(reports, null, 2)}\n` : reports.map(inWords).join(''))
    return reports.every(({ findings }) => findings.length === 0) ? 0 : 1
  } finally {
    await database.end()
    await stop()
  }
}

function readRequest(): { org: string | undefined; json: boolean } {
  try {
    const { values } = parseArgs({ options: { org: { type: 'string' }, json: { type: 'boolean' } } })
    return { org: values.org, json: values.json === true }
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`)
  }
}

function inWords({
  organisation,
  lines,
  auditLines,
  commits,
  findings,
}: CheckReport & { organisation: string }): string {
  const walked = `${organisation}: ${lines} movements, ${auditLines} changes, ${commits} commits`
  if (findings.length === 0) return `${walked}: everything fits.\n`
  const problems = findings.map(({ where, row, problem }) => `  ${where} ${row}: ${problem}\n`)
  return `${walked}: NOT everything fits.\n${problems.join('')}`
}

try {
  process.exitCode = await main()
} catch (error) {
  const text = error instanceof StartError ? error.message : ((error as Error).stack ?? String(error))
  process.stderr.write(`verify: ${text}\n`)
  process.exitCode = 2
}
