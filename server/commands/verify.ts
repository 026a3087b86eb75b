// `npm run verify`: checks the whole ledger of every organisation (or of one), with or without a running server.
// Guarantees: does not write; the report is on stdout; exit code 0 without findings, 1 with findings, 2 if the ledger
// could not be checked.
import { parseArgs } from 'node:util'
import pino from 'pino'
import { Database } from '../database/database.ts'
import { listOrganisations } from '../database/organisations-store.ts'
import type { CheckReport } from '../ledger/verify/ledger-check.ts'
import { checkLedger } from '../ledger/verify/ledger-check.ts'
import { StartError } from '../process/start-error.ts'
import { openDatabase } from './open-database.ts'
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'

const USAGE = `npm run verify [-- --org NAME] [--json]`

await runCommand({ name: 'verify', failureCode: 2, run })

async function run({ config, closeAtEnd }: CommandTools): Promise<number> {
  const { org, json } = parseArguments()
  const { url, stop } = await openDatabase(config, pino({ level: 'silent' }))
  closeAtEnd(stop)
  const database = new Database(url)
  closeAtEnd(() => database.end())
  const all = await listOrganisations(database)
  const organisations = all.filter(({ name }) => org === undefined || name === org)
  if (organisations.length === 0) {
    throw new StartError(all.length === 0 ? 'there is no organisation yet' : `there is no organisation "${org}"`)
  }
  const reports: (CheckReport & { organisation: string })[] = []
  for (const { orgId, name } of organisations) {
    reports.push({ organisation: name, ...(await checkLedger(database, orgId)) })
  }
  process.stdout.write(json ? `${JSON.stringify(reports, null, 2)}\n` : reports.map(reportText).join(''))
  return reports.every(({ findings }) => findings.length === 0) ? 0 : 1
}

function parseArguments(): { org: string | undefined; json: boolean } {
  try {
    const { values } = parseArgs({ options: { org: { type: 'string' }, json: { type: 'boolean' } } })
    return { org: values.org, json: values.json === true }
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`)
  }
}

function reportText({
  organisation,
  lines,
  auditLines,
  commits,
  findings,
}: CheckReport & { organisation: string }): string {
  const checked = `${organisation}: ${lines} movements, ${auditLines} changes, ${commits} commits`
  if (findings.length === 0) return `${checked}: everything fits.\n`
  const problems = findings.map(({ where, row, problem }) => `  ${where} ${row}: ${problem}\n`)
  return `${checked}: NOT everything fits.\n${problems.join('')}`
}
