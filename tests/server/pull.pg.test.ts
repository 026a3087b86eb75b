import { createHash, randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { expect, test, vi } from 'vitest'
import type { PullRequest } from '#shared/protocol/wire.ts'
import type { Kind, Role, WireTables } from '#shared/rows/rows.ts'
import { columnsOf, decodeTable, keyOf, KINDS } from '#shared/rows/rows.ts'
import type { Cursor } from '../../server/feed/cursor.ts'
import { Cursors, ROW_SCHEMA } from '../../server/feed/cursor.ts'
import { PagePrefetch } from '../../server/feed/page-prefetch.ts'
import { LiveFeed } from '../../server/feed/live.ts'
import type { PullParts } from '../../server/feed/pull.ts'
import { pull } from '../../server/feed/pull.ts'
import type { Sql } from '../../server/database/database.ts'
import { Database } from '../../server/database/database.ts'
import { makeOrganisation, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'

const parts = useLedger()

const asRole = (role: Role, userId: string, orgId = parts.orgId) => ({ orgId, userId, role })
const ask = (request: PullRequest, viewer = asRole('manager', parts.manager)) => pull(pulling(), viewer, request)
const cursors = new Cursors('tests-tests-tests-tests-tests-tests')
const encodeCursor = (cursor: Cursor) => cursors.encode(parts.orgId, cursor)
const pulling = (extra: Partial<PullParts> = {}): PullParts => ({
  primary: parts.database,
  cursors,
  lostCommits: (orgId, lost) => parts.ledger.beginEpoch(orgId, { lost }),
  now: Date.now,
  ...extra,
})

/** Adds the rows of a pull by kind and key, later pages over earlier ones. Returns the number of rows. */
function addRows(into: Map<string, unknown>, tables: WireTables): number {
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

test('[U1][U2] pages of any size, ending anywhere, while others write, add up to exactly the rows of the server', async () => {
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
      expect(addRows(mine, answer.tables)).toBeLessThanOrEqual(limit)
      cursor = answer.cursor
      if (!answer.more) break
    }
    expect(mine).toEqual(await serverRows())
    await device.do('stock.withdraw', { itemId, locationId: binA, lot: "L'1", quantity: 0.5 })
    const next = await ask({ cursor, limit: 1000 })
    expect(next.more).toBe(false)
    expect(next.tables.items).toBeUndefined() // only what changed
    addRows(mine, next.tables)
    expect(mine).toEqual(await serverRows())
  }
})

test('[U1][U4] prefetched pages lead to the same rows, and never to older ones than requested', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA } = await stockRoom(device)
  const prefetch = new PagePrefetch({ rowsMin: 1 })
  const gets = vi.spyOn(prefetch, 'get')
  const mine = new Map<string, unknown>()
  let answer = await pull(pulling({ prefetch }), asRole('manager', parts.manager), { cursor: null, limit: 3 })
  const other = await pull(pulling({ prefetch }), asRole('manager', parts.staff), {
    cursor: answer.cursor,
    limit: 3,
  })
  expect(await gets.mock.results.at(-1)!.value).toBeUndefined() // it was prefetched for somebody else
  expect(other.tables).toEqual((await ask({ cursor: answer.cursor, limit: 3 })).tables)
  addRows(mine, answer.tables)
  for (let page = 0; answer.more; page++) {
    const receive = () => device.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 })
    const atLeast = page === 1 ? (await device.pushWhole([receive()])).version : 0
    const request = { cursor: answer.cursor, limit: 3, atLeast }
    answer = await pull(pulling({ prefetch }), asRole('manager', parts.manager), request)
    expect(answer.version).toBeGreaterThanOrEqual(atLeast)
    addRows(mine, answer.tables)
  }
  const used = await Promise.all(gets.mock.results.map(({ value }) => value))
  expect(used.filter(Boolean).length).toBeGreaterThan(2)
  addRows(mine, (await ask({ cursor: answer.cursor })).tables) // changes since the last page was read
  expect(mine).toEqual(await serverRows())
})

test('[U2] tombstones are sent', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId } = await stockRoom(device, { barcodes: [{ code: 'GONE-1' }] })
  const { cursor } = await ask({ cursor: null, limit: 20_000 })
  await device.do('barcode.detach', { itemId, code: 'GONE-1' })
  const { tables } = await ask({ cursor })
  expect(decodeTable('barcodes', tables.barcodes!)).toMatchObject([{ code: 'GONE-1', deleted: true }])
})

test('[U3] garbage is malformed, another role, schema or secret is resnapshot, and another epoch is epoch_changed', async () => {
  const current = { epoch: 1, version: 1, role: 'manager' as const, chainHead: '' }
  for (const garbage of ['', 'garbage', 'WzEsMl0', encodeCursor({ ...current, within: { kind: 99, key: [] } })]) {
    await expect(ask({ cursor: garbage }), garbage).rejects.toMatchObject({ refusal: 'malformed' })
  }
  const first = Buffer.from(JSON.stringify([1, 'deadbeef', 1, 1, 'manager', ''])).toString('base64url')
  const worthless = [
    encodeCursor({ ...current, role: 'staff' }),
    first,
    new Cursors('another secret').encode(parts.orgId, current),
    cursors.encode(randomUUID(), current),
    encodeCursor(current).replace(/.(?=\.)/, (last) => (last === 'A' ? 'Q' : 'A')),
  ]
  for (const cursor of worthless) {
    await expect(ask({ cursor }), cursor).rejects.toMatchObject({
      refusal: expect.stringMatching(/resnapshot|malformed/),
    })
  }
  await expect(ask({ cursor: encodeCursor({ ...current, epoch: 2 }) })).rejects.toMatchObject({
    refusal: 'epoch_changed',
  })
})

test('[U3] a cursor of a newer server version waits for a server that understands it', async () => {
  const newer = Buffer.from(JSON.stringify([3, ROW_SCHEMA + 1])).toString('base64url')
  await expect(ask({ cursor: `${newer}.mac` })).rejects.toMatchObject({ refusal: 'unavailable' })
})

test('[U3] a change to the row schema needs the next schema number', () => {
  const shapes = KINDS.map((kind) => [kind, columnsOf[kind]])
  const digest = createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 8)
  expect({ [ROW_SCHEMA]: digest }).toEqual({ 2: '737642f1' })
})

test('[U4] a server that is behind does not answer with old data', async () => {
  await expect(ask({ cursor: null, atLeast: 1_000_000 })).rejects.toMatchObject({ refusal: 'unavailable' })
})

test('[U4] a lagging replica leaves the answer to the primary', async () => {
  // Another database of the same organisation plays a replica that never catches up.
  const device = new TestDevice(parts, parts.manager)
  const { itemId } = await stockRoom(device)
  const { cursor, version } = await ask({ cursor: null, limit: 20_000 })
  const lagging = {
    snapshot: <T>(orgId: string, read: (sql: Sql) => Promise<T>) =>
      parts.database.transaction(orgId, async ({ sql }) => {
        await sql`update org_heads set version = version - 1`
        const result = await read(sql)
        await sql`update org_heads set version = version + 1`
        return result
      }),
  } as Database
  const asked = pull(pulling({ replica: lagging }), asRole('manager', parts.manager), { cursor })
  expect((await asked).version).toBe(version)
  await device.do('item.update', { id: itemId, set: { notes: 'x' }, base: {} })
  const atLeast = version + 1
  const next = await pull(pulling({ replica: lagging }), asRole('manager', parts.manager), { cursor, atLeast })
  expect(decodeTable('items', next.tables.items!)).toMatchObject([{ notes: 'x' }])
})

test('[U4] a replica that does not know an organisation yet leaves the answer to the primary', async () => {
  const made = await makeOrganisation(parts.accounts)
  const unaware = {
    snapshot: <T>(_orgId: string, read: (sql: Sql) => Promise<T>) => parts.database.snapshot(randomUUID(), read),
  } as Database
  const asked = pull(pulling({ replica: unaware }), asRole('manager', made.manager, made.orgId), { cursor: null })
  expect((await asked).tables.members!.rows.length).toBeGreaterThan(0)
})

test('[U4] a replica that does not answer leaves the answer to the primary, and is not asked again for a while', async () => {
  const away = new Database('postgres://nobody@127.0.0.1:1/none')
  const withDeadReplica = pulling({ replica: away })
  const { version, cursor } = await pull(withDeadReplica, asRole('manager', parts.manager), {
    cursor: null,
    limit: 20_000,
  })
  const begun = performance.now()
  for (let i = 0; i < 10; i++)
    expect((await pull(withDeadReplica, asRole('manager', parts.manager), { cursor })).version).toBe(version)
  expect(performance.now() - begun).toBeLessThan(1_000)
  await away.end()
})

test('[U6] a cursor older than the stored tombstones is resnapshot', async () => {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const device = new TestDevice(organisation, organisation.manager)
  await stockRoom(device)
  const viewer = asRole('manager', organisation.manager, organisation.orgId)
  const { cursor, version } = await ask({ cursor: null }, viewer)
  await device.do('location.create', { id: randomUUID(), name: 'Later' })
  await parts.database.transaction(organisation.orgId, ({ sql }) => sql`update org_heads set horizon = ${version + 1}`)
  await expect(ask({ cursor }, viewer)).rejects.toMatchObject({ refusal: 'resnapshot' })
  expect((await ask({ cursor: null }, viewer)).version).toBe(version + 1)
})

test('[U7] a database that lost commits that a device has seen begins a new epoch, once', async () => {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const device = new TestDevice(organisation, organisation.manager)
  await stockRoom(device)
  const viewer = asRole('manager', organisation.manager, organisation.orgId)
  const { cursor, version } = await ask({ cursor: null }, viewer)
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  const { orgId } = organisation
  await owner`update org_heads set version = ${version - 1} where org_id = ${orgId}`
  await owner`delete from commits where org_id = ${orgId} and version = ${version}`
  const both = await Promise.allSettled([ask({ cursor }, viewer), ask({ cursor }, viewer)])
  for (const one of both) expect(one).toMatchObject({ reason: { refusal: 'epoch_changed' } })
  const again = await ask({ cursor: null }, viewer)
  expect(again.epoch).toBeGreaterThan(1_700_000_000_000)
  expect(again.version).toBe(version)
  // The same version with other content: the hash chain differs.
  await owner`update commits set head = 'other' where org_id = ${orgId} and version = ${version}`
  await expect(ask({ cursor: again.cursor }, viewer)).rejects.toMatchObject({ refusal: 'epoch_changed' })
  const third = await ask({ cursor: null }, viewer)
  expect(third.epoch).toBeGreaterThan(again.epoch)
  // The same version and the same logs, because neither commit added a line: the time differs.
  await owner`update commits set at_ms = at_ms + 1 where org_id = ${orgId} and version = ${third.version}`
  await expect(ask({ cursor: third.cursor }, viewer)).rejects.toMatchObject({ refusal: 'epoch_changed' })
  await owner.end()
})

test('[U7] a cursor that is otherwise invalid still proves lost commits', async () => {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const { orgId, manager } = organisation
  await stockRoom(new TestDevice(organisation, manager))
  const seen = { epoch: 1, version: 1_000, role: 'staff' as const, chainHead: 'f00d' }
  await expect(ask({ cursor: cursors.encode(orgId, seen) }, asRole('manager', manager, orgId))).rejects.toMatchObject({
    refusal: 'epoch_changed',
  })
  expect((await ask({ cursor: null }, asRole('manager', manager, orgId))).epoch).toBeGreaterThan(1)
})

test('[U7] a socket that was open during a lost commit is refused, and gets no rows of another history', async () => {
  const organisation = { ...parts, ...(await makeOrganisation(parts.accounts)) }
  const { orgId, manager } = organisation
  const device = new TestDevice(organisation, manager)
  const { itemId, binA } = await stockRoom(device)
  const viewer = asRole('manager', manager, orgId)
  const feed = new LiveFeed(pulling())
  const aborted = new AbortController()
  const watching = { signal: aborted.signal, sessionId: '', currentRole: async () => 'manager' as const }
  const messages = feed.subscribe(viewer, { cursor: null }, watching)
  const { version } = await ask({ cursor: null }, viewer)
  expect((await messages.next()).value).toMatchObject({ to: version })
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  // A failover to a standby without the last commit. Then others continue, past the version that was seen.
  await owner`update org_heads set version = version - 1, audit_hash = log_hash where org_id = ${orgId}`
  await owner`delete from commits where org_id = ${orgId} and version = ${version}`
  await owner.end()
  const before = parts.notices.length
  for (let i = 0; i < 2; i++) await device.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
  for (const event of parts.notices.slice(before)) feed.deliver(event)
  await expect(messages.next()).rejects.toMatchObject({ refusal: 'epoch_changed' })
  aborted.abort()
})

test('[U5] lastSeq belongs to the snapshot, so the rows contain everything that it acknowledges', async () => {
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
    addRows(mine, answer.tables)
    cursor = answer.cursor
    const position = mine.get(`positions ${itemId}/${binA}/`) as { quantity: number } | undefined
    expect((position?.quantity ?? 0) / 1000).toBe(Math.max(0, answer.lastSeq - 4))
  }
  await writing
  expect(device.seq).toBe(first + 29)
})

test('[I1] rows of another organisation are neither sent nor changed, whatever ids are used', async () => {
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

test('[I2] staff see only their own conflicts, and no email addresses', async () => {
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
