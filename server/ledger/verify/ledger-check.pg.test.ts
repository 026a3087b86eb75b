// The ledger check finds changes that were made past the application, as the owner of the database.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  makeOrganisation,
  readRows,
  stockRoom,
  TestDevice,
  useLedger,
} from '../../../tests/support/ledger-under-test.ts'
import { pull } from '../../feed/pull.ts'
import { Cursors } from '../../feed/cursor.ts'
import { checkLedger } from './ledger-check.ts'
import { deleteOldTombstones } from '../store/housekeeping-store.ts'

const POSITIONS = readFileSync(new URL('../../../sql/checks/positions.sql', import.meta.url), 'utf8')

const parts = useLedger()
let owner: postgres.Sql
beforeAll(() => {
  owner = postgres(parts.urls.ownerUrl, { max: 1 })
})
afterAll(() => owner.end())

/** An organisation with movements, counts, undone counts, a blocked mutation and a planned count. */
async function makeFilled() {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const device = new TestDevice(organisation, organisation.manager)
  const { itemId, binA, binB } = await stockRoom(device, { low: 3, custom: { shade: 'blue', depth: 1.25 } })
  const position = { itemId, locationId: binA }
  const received = await device.do('stock.receive', {
    ...position,
    quantity: 10.125,
    unitCost: 1.5,
    reason: 'gift "x"',
  })
  await device.do('stock.count', { ...position, counted: 8 })
  const wrong = await device.do('stock.count', { ...position, counted: 800 })
  await device.do('stock.transfer', { itemId, fromLocationId: binA, toLocationId: binB, quantity: 2 })
  await device.do('stock.undo', { mutationId: wrong.id })
  await device.do('stock.receive', { itemId: randomUUID(), locationId: binA, quantity: 1 })
  await device.do('item.update', { id: itemId, set: { cost: 12.3456, notes: 'naïve ☕' }, base: {} })
  const countId = randomUUID()
  await device.do('count.open', { id: countId, name: 'All', scope: {}, blind: false })
  await device.do('stock.count', { ...position, counted: 5, countId })
  await device.do('count.approve', { countId, seen: 1e9 })
  return { organisation, device, received, itemId, binA }
}

const check = (orgId: string) => checkLedger(parts.database, orgId)

test('[H3][L7] everything that the application writes passes the check', async () => {
  const { organisation } = await makeFilled()
  const report = await check(organisation.orgId)
  expect(report.findings).toEqual([])
  expect(report.lines).toBe(7)
  expect(report.auditLines).toBeGreaterThan(8)
  const [{ version }] = (await owner`select version from org_heads where org_id = ${organisation.orgId}`) as [
    { version: string },
  ]
  expect(report.commits).toBe(Number(version))
})

test('[L7] the check of positions takes proportional time: its plan has no nested loop', async () => {
  const { organisation } = await makeFilled()
  const plan = await parts.database.snapshot(organisation.orgId, (sql) => sql.unsafe(`explain ${POSITIONS}`))
  const steps = plan.map((line) => String(line['QUERY PLAN'])).join('\n')
  expect(steps).toContain('WindowAgg')
  expect(steps).not.toMatch(/Nested Loop|SubPlan/)
})

const tampered: [string, (orgId: string) => Promise<unknown>, object][] = [
  [
    'a movement was changed',
    (orgId) => owner`update inventory_logs set amount = 99000 where org_id = ${orgId} and no = 3`,
    { where: 'inventory_logs', row: '3', problem: 'does not match its hash' },
  ],
  [
    'a movement was deleted',
    (orgId) => owner`delete from inventory_logs where org_id = ${orgId} and no = 2`,
    { where: 'inventory_logs', row: '3', problem: 'follows line 1: lines are missing' },
  ],
  [
    'the last movement was deleted',
    (orgId) =>
      owner`delete from inventory_logs where org_id = ${orgId} and no = (select max(no) from inventory_logs where org_id = ${orgId})`,
    { where: 'org_heads', row: 'logNo' },
  ],
  [
    'a movement was added at the end',
    (orgId) => owner`
      insert into inventory_logs select (x).* from (
        select l #= hstore('no', (no + 1)::text) as x from inventory_logs l where org_id = ${orgId} order by no desc limit 1) y`,
    { where: 'org_heads', row: 'logNo' },
  ],
  [
    'a change of the catalogue was rewritten',
    (orgId) => owner`update audit_log set after = '{"name": "other"}' where org_id = ${orgId} and no = 2`,
    { where: 'audit_log', row: '2', problem: 'does not match its hash' },
  ],
  [
    'the author of a change was changed',
    (orgId) => owner`update audit_log set user_id = ${randomUUID()} where org_id = ${orgId} and no = 1`,
    { where: 'audit_log', row: '1' },
  ],
  [
    'a commit was deleted',
    (orgId) => owner`delete from commits where org_id = ${orgId} and version = 3`,
    { where: 'commits', row: '4', problem: 'follows version 2' },
  ],
  [
    'a quantity was set by hand',
    (orgId) => owner`update positions set quantity = quantity + 1000 where org_id = ${orgId}`,
    { where: 'positions' },
  ],
]

test.each(tampered)('[H3] %s: the check names the first row that does not match', async (name, tamper, found) => {
  const { organisation } = await makeFilled()
  if (name.includes('added')) await owner`create extension if not exists hstore`
  await tamper(organisation.orgId)
  const { findings } = await check(organisation.orgId)
  expect(findings).toContainEqual(expect.objectContaining(found))
})

test('[H3] `npm run verify` reports the finding and exits with 1', async () => {
  const { organisation } = await makeFilled()
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['server/commands/verify.ts', '--org', organisation.domain, ...args], {
      env: { ...process.env, DATABASE_URL: parts.urls.url },
    })
  expect((await run()).stdout).toContain('everything fits')
  await owner`update inventory_logs set amount = 1 where org_id = ${organisation.orgId} and no = 1`
  await expect(run()).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('inventory_logs 1: does not match'),
  })
  const { stdout } = await run('--json').catch((error: { stdout: string }) => error)
  expect(JSON.parse(stdout)).toMatchObject([{ findings: [{ where: 'inventory_logs', row: '1' }] }])
})

test('[U6] tombstones are deleted after ninety days, and devices with older cursors load everything again', async () => {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const { orgId } = organisation
  const device = new TestDevice(organisation, organisation.manager)
  const { itemId } = await stockRoom(device, { barcodes: [{ code: 'OLD' }, { code: 'NEW' }] })
  const viewer = { orgId, userId: organisation.manager, role: 'manager' as const }
  const pulling = {
    primary: parts.database,
    cursors: new Cursors('x'),
    lostCommits: async () => undefined,
    now: Date.now,
  }
  const { cursor: before } = await pull(pulling, viewer, { cursor: null })
  await device.do('barcode.detach', { itemId, code: 'OLD' })
  const { cursor: after } = await pull(pulling, viewer, { cursor: null })
  await new Promise((resolve) => setTimeout(resolve, 5))
  const ninetyDaysLater = Date.now() + 90 * 86_400_000
  await device.do('barcode.detach', { itemId, code: 'NEW' })
  await deleteOldTombstones(parts.database, orgId, ninetyDaysLater)
  expect((await readRows(organisation, 'barcodes')).map(({ code }) => code)).toEqual(['NEW'])
  await expect(pull(pulling, viewer, { cursor: before })).rejects.toMatchObject({ refusal: 'resnapshot' })
  expect((await pull(pulling, viewer, { cursor: after })).more).toBe(false)
  await deleteOldTombstones(parts.database, orgId, ninetyDaysLater)
  expect((await pull(pulling, viewer, { cursor: after })).more).toBe(false)
})
