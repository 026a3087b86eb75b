import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { PullRequest } from '#shared/protocol/wire.ts'
import type { Kind, Role, WireTables } from '#shared/rows/rows.ts'
import { decodeTable, keyOf, KINDS } from '#shared/rows/rows.ts'
import { encodeCursor } from '../../server/feed/cursor.ts'
import { pull } from '../../server/feed/pull.ts'
import { makeOrganisation, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'

const parts = useLedger()

const asRole = (role: Role, userId: string, orgId = parts.orgId) => ({ orgId, userId, role })
const ask = (request: PullRequest, viewer = asRole('manager', parts.manager)) =>
  pull(parts.database, viewer, { ...request, now: Date.now })

/** Rows of a pull by kind and key, the later page over the earlier. */
function taken(into: Map<string, unknown>, tables: WireTables): number {
  let count = 0
  for (const kind of KINDS) {
    for (const row of tables[kind] ? decodeTable(kind, tables[kind]) : []) {
      into.set(`${kind} ${keyOf(kind, row as never)}`, row)
      count += 1
    }
  }
  return count
}

async function serverRows(): Promise<Map<string, unknown>> {
  const rows = new Map<string, unknown>()
  for (const kind of KINDS)
    for (const row of await readRows(parts, kind as Kind)) rows.set(`${kind} ${keyOf(kind, row as never)}`, row)
  return rows
}

test('[U1][U2] pages of any size, ending anywhere, while others write, lead to exactly the rows of the server', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA, binB } = await stockRoom(device)
  await device.push(
    ...Array.from({ length: 40 }, (_, i) =>
      device.mutation('item.create', { id: randomUUID(), name: `Item ${i}`, barcodes: [{ code: `X-${i}` }] }),
    ),
    device.mutation('stock.receive', { itemId, locationId: binA, lot: "L'1", quantity: 1.5, expiresOn: '2027-01-01' }),
  )
  for (const limit of [1, 3, 7, 1000]) {
    const mine = new Map<string, unknown>()
    let cursor: string | null = null
    for (let page = 0; ; page++) {
      if (page === 2) await device.do('stock.receive', { itemId, locationId: binB, quantity: 1 })
      const answer = await ask({ cursor, limit })
      expect(taken(mine, answer.tables)).toBeLessThanOrEqual(limit)
      cursor = answer.cursor
      if (!answer.more) break
    }
    expect(mine).toEqual(await serverRows())
    await device.do('stock.withdraw', { itemId, locationId: binA, lot: "L'1", quantity: 0.5 })
    const next = await ask({ cursor, limit: 1000 })
    expect(next.more).toBe(false)
    expect(next.tables.items).toBeUndefined() // only what changed
    taken(mine, next.tables)
    expect(mine).toEqual(await serverRows())
  }
})

test('[U2] tombstones travel', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId } = await stockRoom(device, { barcodes: [{ code: 'GONE-1' }] })
  const { cursor } = await ask({ cursor: null, limit: 20_000 })
  await device.do('barcode.detach', { itemId, code: 'GONE-1' })
  const { tables } = await ask({ cursor })
  expect(decodeTable('barcodes', tables.barcodes!)).toMatchObject([{ code: 'GONE-1', deleted: true }])
})

test('[U3] garbage is malformed; another role or schema loads anew; another epoch says so', async () => {
  const current = { epoch: 1, version: 1, role: 'manager' as const, chainHead: '' }
  for (const garbage of ['', 'garbage', 'WzEsMl0', encodeCursor({ ...current, within: { kind: 99, key: [] } })]) {
    await expect(ask({ cursor: garbage }), garbage).rejects.toMatchObject({ refusal: 'malformed' })
  }
  await expect(ask({ cursor: encodeCursor({ ...current, role: 'staff' }) })).rejects.toMatchObject({
    refusal: 'resnapshot',
  })
  const otherSchema = Buffer.from(JSON.stringify([1, 'deadbeef', 1, 1, 'manager', ''])).toString('base64url')
  await expect(ask({ cursor: otherSchema })).rejects.toMatchObject({ refusal: 'resnapshot' })
  await expect(ask({ cursor: encodeCursor({ ...current, epoch: 2 }) })).rejects.toMatchObject({
    refusal: 'epoch_changed',
  })
})

test('[U4] a server that is behind does not answer with the past', async () => {
  await expect(ask({ cursor: null, atLeast: 1_000_000 })).rejects.toMatchObject({ refusal: 'unavailable' })
  const ahead = encodeCursor({ epoch: 1, version: 1_000_000, role: 'manager', chainHead: '' })
  await expect(ask({ cursor: ahead })).rejects.toMatchObject({ refusal: 'unavailable' })
})

test('[U5] lastSeq belongs to the snapshot: what it acknowledges is among the rows', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA } = await stockRoom(device)
  let cursor: string | null = null
  const mine = new Map<string, unknown>()
  const writing = (async () => {
    for (let i = 0; i < 30; i++) await device.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
  })()
  const first = device.seq
  for (let i = 0; i < 60; i++) {
    const answer = await ask({ clientId: device.clientId, cursor, limit: 20_000 })
    taken(mine, answer.tables)
    cursor = answer.cursor
    const position = mine.get(`positions ${itemId}/${binA}/`) as { quantity: number } | undefined
    expect((position?.quantity ?? 0) / 1000).toBe(Math.max(0, answer.lastSeq - 4))
  }
  await writing
  expect(device.seq).toBe(first + 29)
})

test('[I1] nothing of another organisation leaves, or is changed by its ids', async () => {
  const stranger = await makeOrganisation(parts.accounts)
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA } = await stockRoom(device)
  const theirs = { ...parts, ...stranger }
  const thief = new TestDevice(theirs, stranger.manager)
  const results = await thief.push(
    thief.mutation('item.update', { id: itemId, set: { name: 'stolen' }, base: {} }),
    thief.mutation('stock.withdraw', { itemId, locationId: binA, quantity: 1 }),
    thief.mutation('item.archive', { id: itemId }),
  )
  expect(results.map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => 'depends_on_missing'))
  const { tables } = await ask({ cursor: null, limit: 20_000 }, asRole('manager', stranger.manager, stranger.orgId))
  expect(JSON.stringify(tables)).not.toContain(parts.orgId)
  expect(tables.items).toBeUndefined()
  expect((await readRows(parts, 'items')).find(({ id }) => id === itemId)?.name).toBe('Café de Colombie')
  const unbound = await parts.database.anonymous`select count(*)::int as count from items`
  expect(unbound[0]!.count).toBe(0)
})

test('[I2] staff see their own conflicts alone, and no e-mail addresses', async () => {
  const staff = new TestDevice(parts, parts.staff)
  const manager = new TestDevice(parts, parts.manager)
  const [own, other] = [await staff.do('bogus', {}), await manager.do('bogus', {})]
  const seen = await ask({ cursor: null, limit: 20_000 }, asRole('staff', parts.staff))
  const ids = decodeTable('conflicts', seen.tables.conflicts!).map(({ id }) => id)
  expect(ids).toContain(own.id)
  expect(ids).not.toContain(other.id)
  expect(decodeTable('members', seen.tables.members!).every(({ email }) => email === null)).toBe(true)
  const all = await ask({ cursor: null, limit: 20_000 })
  expect(decodeTable('members', all.tables.members!).every(({ email }) => email?.includes('@'))).toBe(true)
})
