import pino from 'pino'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { stockRoom, TestDevice, useLedger } from '../../tests/support/ledger-under-test.ts'
import { Jobs } from './jobs.ts'
import { ledgerTasks } from './ledger-tasks.ts'

const parts = useLedger()
const log = pino({ level: 'silent' })

test('[H3] the ledger check runs as a job once for all servers, as the application’s role, and stores its report', async () => {
  await stockRoom(new TestDevice(parts, parts.manager))
  await Jobs.prepare(parts.urls.ownerUrl)
  await Jobs.prepare(parts.urls.ownerUrl) // every start does this
  const tasks = ledgerTasks({
    database: parts.database,
    retryBlocked: (orgId) => parts.ledger.retryBlocked(orgId),
    now: Date.now,
    log,
  })
  const replicas = [1, 2].map(() => new Jobs({ url: parts.urls.url, log, tasks }))
  for (const jobs of replicas) await jobs.start()
  await replicas[0]!.now('ledger-check')
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  const reports = () => owner`select report from ledger_checks where org_id = ${parts.orgId}`
  const end = Date.now() + 20_000
  while ((await reports()).length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100))
  await Promise.all(replicas.map((jobs) => jobs.stop()))
  expect(await reports()).toMatchObject([{ report: { findings: [] } }])
  const schedules = await owner`select name, cron from jobs.schedule order by name`
  expect(schedules.map(({ name }) => name)).toEqual(['housekeeping', 'ledger-check'])
  await owner.end()
})

test('[H3] an organisation that cannot be checked does not prevent the check of the others', async () => {
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  const headless = '00000000-0000-4000-8000-000000000000'
  await owner`insert into organisations (org_id, name) values (${headless}, 'Without a head')`
  const since = Date.now()
  const [check] = ledgerTasks({ database: parts.database, retryBlocked: async () => undefined, now: Date.now, log })
  await expect(check!.run()).rejects.toThrow('not done for 1')
  const reports = await owner`select from ledger_checks where org_id = ${parts.orgId} and checked_at_ms >= ${since}`
  expect(reports).toHaveLength(1)
  await owner`delete from organisations where org_id = ${headless}`
  await owner.end()
})

test('if a server ends during a job, another one runs it', { timeout: 60_000 }, async () => {
  await Jobs.prepare(parts.urls.ownerUrl)
  const started: string[] = []
  const taskOf = (replica: string, ends: boolean) => ({
    name: 'long',
    cron: '0 0 1 1 *',
    run: async () => {
      started.push(replica)
      if (!ends) await new Promise(() => undefined)
    },
  })
  const first = new Jobs({ url: parts.urls.url, log, tasks: [taskOf('first', false)] })
  await first.start()
  await first.now('long')
  await expect.poll(() => started, { timeout: 10_000 }).toEqual(['first'])
  await first.stop()
  const second = new Jobs({ url: parts.urls.url, log, tasks: [taskOf('second', true)] })
  await second.start()
  await expect.poll(() => started, { timeout: 20_000 }).toEqual(['first', 'second'])
  await second.stop()
})
