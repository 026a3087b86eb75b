import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { describe, expect, test } from 'vitest'
import { parseStamp, stampMs } from '#shared/values/stamp.ts'
import { RequestRefusedError } from '../../../server/process/request-refused.ts'
import type { LedgerUnderTest } from '../../support/ledger-under-test.ts'
import { readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()

async function refusalOf(promise: Promise<unknown>): Promise<RequestRefusedError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RequestRefusedError)
  return error as RequestRefusedError
}

async function quantityAt(itemId: string, locationId: string): Promise<number | undefined> {
  return (await readRows(parts, 'positions')).find((row) => row.itemId === itemId && row.locationId === locationId)
    ?.quantity
}

async function versionOf({ database, orgId }: LedgerUnderTest): Promise<number> {
  return database.snapshot(orgId, async (sql) => (await sql`select version from org_heads`)[0]!.version as number)
}

describe('exactly once', () => {
  test('[P1][P2] a repeated push gets the same answer, and no stock moves', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const batch = [
      device.mutation('stock.receive', { itemId, locationId: binA, quantity: 5 }),
      device.mutation('stock.withdraw', { itemId, locationId: binA, quantity: 9 }, { strict: true }),
    ]
    const first = await device.push(...batch)
    const version = await versionOf(parts)
    const again = await device.push(...batch)
    expect(again).toEqual(first.map((result) => ({ ...result, status: 'duplicate' })))
    expect(again[1]).toMatchObject({ code: 'insufficient_stock', detail: { available: 5, wanted: 9 } })
    expect(await quantityAt(itemId, binA)).toBe(5000)
    expect(await versionOf(parts)).toBe(version)
  })

  test('[P1] a known id is a duplicate under any client id and seq', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const receive = device.mutation('stock.receive', { itemId, locationId: binA, quantity: 5 })
    await device.push(receive)
    const reborn = new TestDevice(parts, parts.manager)
    const [result] = await reborn.push({ ...receive, seq: 1 })
    expect(result).toMatchObject({ seq: 1, status: 'duplicate' })
    expect(await quantityAt(itemId, binA)).toBe(5000)
    expect((await reborn.pushWhole([])).lastSeq).toBe(1)
  })

  test('[P3] a push with a gap is refused as a whole, and the answer contains the seq to continue from', async () => {
    const device = new TestDevice(parts, parts.staff)
    await device.do('bogus', {})
    device.seq += 3
    const refused = await refusalOf(device.push(device.mutation('bogus', {})))
    expect([refused.refusal, refused.lastSeq]).toEqual(['gap', 1])
  })

  test('[P4] a seq that was used for another mutation, and a client id of another person, are refused', async () => {
    const device = new TestDevice(parts, parts.staff)
    await device.do('bogus', {})
    device.seq = 0
    expect((await refusalOf(device.push(device.mutation('bogus', {})))).refusal).toBe('seq_reused')
    const thief = new TestDevice(parts, parts.manager)
    Object.assign(thief, { clientId: device.clientId })
    expect((await refusalOf(thief.push(thief.mutation('bogus', {})))).refusal).toBe('device_taken')
  })

  test('[P5] a push of another epoch is refused', async () => {
    const device = new TestDevice(parts, parts.staff)
    expect((await refusalOf(device.pushWhole([], { epoch: 7 }))).refusal).toBe('epoch_changed')
  })

  test('[P7] one group of pushes creates one version, and an empty push does not create one', async () => {
    const devices = Array.from({ length: 6 }, () => new TestDevice(parts, parts.staff))
    const before = await versionOf(parts)
    const answers = await Promise.all(devices.map((device) => device.pushWhole([device.mutation('bogus', {})])))
    const versions = new Set(answers.map(({ version }) => version))
    expect(Math.max(...versions)).toBe(await versionOf(parts))
    expect(versions.size).toBeLessThan(6) // grouped
    expect(Math.min(...versions)).toBeGreaterThan(before)
    const after = await versionOf(parts)
    await devices[0]!.pushWhole([])
    expect(await versionOf(parts)).toBe(after)
    const notices = parts.notices.slice(-versions.size)
    notices.forEach(({ from, to }) => expect(to).toBe(from + 1))
  })

  test('[P8] only the mutation that PostgreSQL rejects is refused, between others that are applied', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const owner = postgres(parts.urls.ownerUrl, { max: 1 })
    await owner`alter table inventory_logs add constraint planted check (reference is distinct from 'poison')`
    const receive = (reference: string) =>
      device.mutation('stock.receive', { itemId, locationId: binA, quantity: 1, reference })
    const results = await device.push(receive('first'), receive('poison'), receive('last'))
    await owner`alter table inventory_logs drop constraint planted`
    await owner.end()
    expect(results.map(({ status, code }) => code ?? status)).toEqual(['applied', 'internal_error', 'applied'])
    expect(await quantityAt(itemId, binA)).toBe(2000)
  })

  test('[B4] a sum beyond exact numbers is refused and not rounded', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    await device.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
    await parts.database.transaction(parts.orgId, async ({ sql, write }) =>
      write(sql`update positions set quantity = ${Number.MAX_SAFE_INTEGER} where item_id = ${itemId}`),
    )
    expect(await device.do('stock.receive', { itemId, locationId: binA, quantity: 1 })).toMatchObject({
      code: 'internal_error',
    })
    expect(await quantityAt(itemId, binA)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('[P4] a repeated seq with the id of another mutation of the device is seq_reused', async () => {
    const device = new TestDevice(parts, parts.staff)
    await device.do('bogus', {})
    const second = await device.do('bogus', {})
    device.seq = 0
    const mixed = device.mutation('bogus', {}, { id: second.id })
    expect((await refusalOf(device.push(mixed))).refusal).toBe('seq_reused')
  })
})

describe('time', () => {
  test('[T2][T3] mutations of a device 48 hours ahead are placed correctly, and both stamps are stored', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const now = Date.now()
    const wrong = now + 48 * 3_600_000
    const receive = device.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 })
    receive.at = receive.at.replace(/^.{12}/, wrong.toString(16).padStart(12, '0'))
    const answer = await device.pushWhole([receive], { deviceNow: wrong, serverNow: now })
    expect(stampMs(answer.results[0]!.at!)).toBe(now)
    expect(parseStamp(answer.lastAt!).ms).toBe(now)
    const [line] = await parts.database.snapshot(
      parts.orgId,
      (sql) => sql`select at, made_at from inventory_logs where mutation_id = ${receive.id}`,
    )
    expect(line).toEqual({ at: answer.results[0]!.at, made_at: receive.at })
  })

  test('[L3] a count at 10:02 includes a withdrawal of 09:55 that arrives at 11:00, but not one of 10:10', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const now = Date.now()
    const minutesAgo = (minutes: number) => (now - minutes * 60_000).toString(16).padStart(12, '0')
    const made = (minutes: number, by: TestDevice, name: string, args: object) => {
      const mutation = by.mutation(name, { itemId, locationId: binA, ...args })
      return { ...mutation, at: mutation.at.replace(/^.{12}/, minutesAgo(minutes)) }
    }
    const [counter, early, late] = [1, 2, 3].map(() => new TestDevice(parts, parts.staff)) as [
      TestDevice,
      TestDevice,
      TestDevice,
    ]
    await counter.push(made(58, counter, 'stock.count', { counted: 40 }))
    const [absorbed] = await early.push(made(65, early, 'stock.withdraw', { quantity: 7 }))
    expect(absorbed).toMatchObject({ status: 'merged', code: 'absorbed_by_count' })
    await late.push(made(50, late, 'stock.withdraw', { quantity: 3 }))
    expect(await quantityAt(itemId, binA)).toBe(37_000)
  })
})

describe('refusals', () => {
  test('[M1][M2][M3] a bad mutation is refused alone', async () => {
    const device = new TestDevice(parts, parts.staff)
    const position = { itemId: randomUUID(), locationId: randomUUID() }
    const bad: [string, unknown, string][] = [
      ['bogus', {}, 'unknown_verb'],
      ['toString', {}, 'unknown_verb'],
      ['a\u0000b', {}, 'unknown_verb'],
      [`${'x'.repeat(99)}😀`, {}, 'unknown_verb'], // cutting this name off leaves half a character
      ['count.open', { id: randomUUID(), name: 'x', scope: { itemIds: ['\u0000'] }, blind: true }, 'bad_args'],
      ['item.archive', { id: randomUUID() }, 'role_too_low'],
      ...[0, -1, 0.0001, 1e12, Number.NaN, '3', null].map((quantity): [string, unknown, string] => [
        'stock.receive',
        { ...position, quantity },
        'bad_args',
      ]),
      ['stock.receive', { ...position, quantity: 1, colour: 'red' }, 'bad_args'],
      ['stock.receive', { ...position, quantity: 1, reason: 'a\u0000b' }, 'bad_args'],
      ['stock.receive', { ...position, quantity: 1, reason: 'a\ud800b' }, 'bad_args'],
      ['stock.receive', null, 'bad_args'],
      ['stock.receive', [], 'bad_args'],
      ['stock.receive', { ...position, quantity: 1 }, 'depends_on_missing'],
    ]
    const results = await device.push(...bad.map(([name, args]) => device.mutation(name, args)))
    expect(results.map(({ code }) => code)).toEqual(bad.map(([, , code]) => code))
    const stored = (await readRows(parts, 'conflicts')).filter(({ clientId }) => clientId === device.clientId)
    expect(stored).toHaveLength(bad.length)
    expect(
      stored.every(({ state, kind, mutation }) => state === 'open' && kind === 'refusal' && JSON.parse(mutation)),
    ).toBe(true)
  })

  test('[M4] a mutation larger than 16 KB is refused alone', async () => {
    const device = new TestDevice(parts, parts.manager)
    const big = await device.do('item.create', { id: randomUUID(), name: 'x', notes: 'é'.repeat(9000) })
    expect(big).toMatchObject({ status: 'refused', code: 'mutation_too_large' })
  })

  test('[M6][M7] a refusal that is corrected and sent again takes effect at its own time, once', async () => {
    const staff = new TestDevice(parts, parts.staff)
    const manager = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(manager)
    const args = { itemId, locationId: binA, quantity: 4 }
    const receive = await staff.do('stock.receive', { ...args, typo: true })
    expect(receive.code).toBe('bad_args')
    const resend = (extra = {}) => staff.do('conflict.resolve', { id: receive.id, choice: 'resend', ...extra })
    expect(await resend()).toMatchObject({ status: 'merged', code: 'still_refused' })
    await manager.do('stock.count', { itemId, locationId: binA, counted: 9 })
    expect((await resend({ args })).status).toBe('merged')
    expect(await quantityAt(itemId, binA)).toBe(9000)
    expect(await staff.do('conflict.resolve', { id: receive.id, choice: 'discard' })).toMatchObject({
      code: 'not_open',
    })
    expect((await staff.do('stock.undo', { mutationId: receive.id })).status).toBe('applied')
  })

  test('[M6] the reason for a resolution is stored with the conflict', async () => {
    const device = new TestDevice(parts, parts.manager)
    const discard = async (name: string, args: object, reason: string) => {
      const { id } = await device.do(name, args)
      await device.do('conflict.resolve', { id, choice: 'discard', reason })
      return (await readRows(parts, 'conflicts')).find((conflict) => conflict.id === id)
    }
    const nothing = await discard('bogus', {}, 'A test')
    expect(nothing).toMatchObject({
      state: 'resolved',
      resolution: 'discard',
      detail: { name: 'bogus', reason: 'A test' },
    })
    const missing = randomUUID()
    const blocked = await discard('item.archive', { id: missing }, 'Never came')
    expect(blocked).toMatchObject({ state: 'resolved', detail: { id: missing, reason: 'Never came' } })
  })

  test('[M6][M3] a correction with text that cannot be stored is still refused, with the reason', async () => {
    const device = new TestDevice(parts, parts.manager)
    const item = { id: randomUUID(), name: 'Tea' }
    const { id } = await device.do('item.create', { ...item, typo: true })
    const args = { ...item, barcodes: [{ code: 'T', 'typo\u0000': true }] }
    const resent = await device.do('conflict.resolve', { id, choice: 'resend', args })
    expect(resent).toMatchObject({ status: 'merged', code: 'still_refused', detail: { id, code: 'bad_args' } })
  })

  test('[M6] its author or a manager can record a refusal anyway, correct it or discard it', async () => {
    const staff = new TestDevice(parts, parts.staff)
    const manager = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(manager)
    const withdraw = () => staff.do('stock.withdraw', { itemId, locationId: binA, quantity: 2 }, { strict: true })
    const [first, second, third] = [await withdraw(), await withdraw(), await withdraw()]
    expect((await manager.do('conflict.resolve', { id: first.id, choice: 'record' })).status).toBe('applied')
    expect(await quantityAt(itemId, binA)).toBe(-2000)
    await manager.do('stock.receive', { itemId, locationId: binA, quantity: 5 })
    const corrected = { itemId, locationId: binA, quantity: 3 }
    expect((await staff.do('conflict.resolve', { id: second.id, choice: 'resend', args: corrected })).status).toBe(
      'applied',
    )
    expect(await quantityAt(itemId, binA)).toBe(0)
    expect(
      (await staff.do('conflict.resolve', { id: third.id, choice: 'discard', reason: 'never happened' })).status,
    ).toBe('applied')
    expect(await quantityAt(itemId, binA)).toBe(0)
    const refusedManager = await manager.do('bogus', {})
    expect(await staff.do('conflict.resolve', { id: refusedManager.id, choice: 'discard' })).toMatchObject({
      code: 'not_yours',
    })
  })

  test('[S5] only its author or a manager may undo a mutation', async () => {
    const manager = new TestDevice(parts, parts.manager)
    const staff = new TestDevice(parts, parts.staff)
    const { itemId, binA } = await stockRoom(manager)
    const received = await manager.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
    expect(await staff.do('stock.undo', { mutationId: received.id })).toMatchObject({
      status: 'refused',
      code: 'not_yours',
    })
    const own = await staff.do('stock.receive', { itemId, locationId: binA, quantity: 2 })
    expect((await manager.do('stock.undo', { mutationId: own.id })).status).toBe('applied')
    expect(await quantityAt(itemId, binA)).toBe(1000)
  })
})

describe('mutations sent again, in one group with others', () => {
  /** A movement that was refused for a typing error, and its correction. */
  async function refusedThen(name: string, args: object) {
    const device = new TestDevice(parts, parts.manager)
    const room = await stockRoom(device)
    const late = room.binB
    const good = { itemId: room.itemId, locationId: late, ...args }
    const refused = await device.do(name, { ...good, typo: true })
    expect(refused.code).toBe('bad_args')
    return { device, ...room, late, refused, good }
  }

  test('[M6][B3] of two resolutions of one conflict the first applies, whatever location each names', async () => {
    const { device, itemId, binA, late, refused } = await refusedThen('stock.receive', { quantity: 3 })
    await device.do('stock.receive', { itemId, locationId: binA, quantity: 100 })
    const resend = (locationId: string) =>
      device.mutation('conflict.resolve', {
        id: refused.id,
        choice: 'resend',
        args: { itemId, locationId, quantity: 3 },
      })
    const results = await device.push(resend(binA), resend(late))
    expect(results.map(({ status, code }) => code ?? status)).toEqual(['applied', 'not_open'])
    expect([await quantityAt(itemId, binA), await quantityAt(itemId, late)]).toEqual([103_000, undefined])
  })

  test('[M7][L4] a count that is sent again beside another count on its position takes effect at its own time', async () => {
    const { device, itemId, late, refused, good } = await refusedThen('stock.count', { counted: 5 })
    await device.do('stock.receive', { itemId, locationId: late, quantity: 10 })
    const older = device.mutation('stock.count', { itemId, locationId: late, counted: 7 })
    const past = (Date.now() - 3_600_000).toString(16).padStart(12, '0')
    await new TestDevice(parts, parts.manager).push({ ...older, seq: 1, at: older.at.replace(/^.{12}/, past) })
    device.seq -= 1
    await device.do('conflict.resolve', { id: refused.id, choice: 'resend', args: good })
    expect(await quantityAt(itemId, late)).toBe(15_000)
  })

  test('[A1] alerts of a mutation that is sent again follow from the whole stock', async () => {
    const { device, itemId, binA, refused, good } = await refusedThen('stock.receive', { quantity: 1 })
    await device.do('item.update', { id: itemId, set: { low: 5 }, base: {} })
    await device.do('stock.receive', { itemId, locationId: binA, quantity: 100 })
    await device.do('conflict.resolve', { id: refused.id, choice: 'resend', args: good })
    const low = (await readRows(parts, 'alerts')).filter(
      (alert) => alert.itemId === itemId && alert.state !== 'resolved',
    )
    expect(low).toEqual([])
  })

  test('[S5] a mutation without movements cannot be undone, in the same batch or if the undo arrives first', async () => {
    const [device, other] = [new TestDevice(parts, parts.manager), new TestDevice(parts, parts.manager)]
    const create = device.mutation('item.create', { id: randomUUID(), name: 'Tea' })
    const early = await other.do('stock.undo', { mutationId: create.id })
    expect(early.code).toBe('depends_on_missing')
    const [, undone] = await device.push(create, device.mutation('stock.undo', { mutationId: create.id }))
    expect(undone).toMatchObject({ status: 'refused', code: 'nothing_to_undo' })
    const refusalOf = async (id: string) => (await readRows(parts, 'conflicts')).find((one) => one.id === id)
    expect(await refusalOf(early.id)).toMatchObject({ state: 'open', code: 'nothing_to_undo' })
    const bad = await device.do('item.create', { id: randomUUID(), name: '' })
    const blocked = await other.do('stock.undo', { mutationId: bad.id })
    const args = { id: randomUUID(), name: 'Coffee' }
    await device.do('conflict.resolve', { id: bad.id, choice: 'resend', args })
    expect(await refusalOf(blocked.id)).toMatchObject({ state: 'open', code: 'nothing_to_undo' })
  })

  test('[S5] undoing a refused mutation is blocked until that takes effect, and is not lost', async () => {
    const { device, refused } = await refusedThen('stock.receive', { quantity: 1 })
    expect(await device.do('stock.undo', { mutationId: refused.id })).toMatchObject({ code: 'depends_on_missing' })
  })

  test('[M6] a conflict can be resolved in the batch that made it', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const wrong = device.mutation('stock.withdraw', { itemId, locationId: binA, quantity: 2 }, { strict: true })
    const resolution = device.mutation('conflict.resolve', { id: wrong.id, choice: 'record' })
    expect((await device.push(wrong, resolution)).map(({ status }) => status)).toEqual(['refused', 'applied'])
    expect(await quantityAt(itemId, binA)).toBe(-2000)
    const [conflict] = (await readRows(parts, 'conflicts')).filter(({ id }) => id === wrong.id)
    expect(conflict).toMatchObject({ state: 'resolved', resolution: 'record' })
  })
})

describe('fields and reviews', () => {
  test('[C1][C2] the later change of a field wins, and the value that lost is kept in a review', async () => {
    const [one, two] = [new TestDevice(parts, parts.manager), new TestDevice(parts, parts.manager)]
    const { itemId } = await stockRoom(one, { notes: 'old' })
    await new Promise((resolve) => setTimeout(resolve, 5)) // the updates are later than the item
    const early = one.mutation('item.update', {
      id: itemId,
      set: { notes: 'early', unit: 'kg' },
      base: { notes: 'old' },
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await two.do('item.update', { id: itemId, set: { notes: 'late' }, base: { notes: 'old' } })
    const [result] = await one.push(early)
    expect(result).toMatchObject({
      status: 'merged',
      code: 'field_clash',
      detail: { field: 'notes', kept: 'late', lost: 'early' },
    })
    expect((await readRows(parts, 'items')).find(({ id }) => id === itemId)).toMatchObject({
      notes: 'late',
      unit: 'kg',
    })
    const review = (await readRows(parts, 'conflicts')).find(({ mutation }) => mutation.includes(early.id))
    expect(review).toMatchObject({ kind: 'review', state: 'open', code: 'field_clash' })
  })

  test('[C1] a change that came too late says so, if no other code does', async () => {
    const [early, later] = [new TestDevice(parts, parts.manager), new TestDevice(parts, parts.manager)]
    const { itemId } = await stockRoom(later)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const old = [
      early.mutation('item.update', { id: itemId, set: { unit: 'kg' }, base: {} }),
      early.mutation('item.update', { id: itemId, set: { unit: 'box', name: 'Tea' }, base: {} }),
      early.mutation('item.restore', { id: itemId }),
      early.mutation('level.set', { itemId, low: 4 }),
    ]
    await new Promise((resolve) => setTimeout(resolve, 5))
    await later.do('item.update', { id: itemId, set: { unit: 'box', low: 9 }, base: {} })
    await later.do('item.archive', { id: itemId })
    const results = await early.push(...old)
    expect(results.map(({ status, code, detail }) => [status, code, detail?.['field']])).toEqual([
      ['merged', 'changed_later', 'unit'],
      ['applied', undefined, undefined], // the unit already has the value that it sets
      ['merged', 'changed_later', 'archived'],
      ['merged', 'changed_later', 'low'],
    ])
    const item = (await readRows(parts, 'items')).find(({ id }) => id === itemId)
    expect(item).toMatchObject({ unit: 'box', name: 'Tea', archived: true, low: 9000 })
  })

  test('[S3] a movement made after the archiving opens a review, and one made before does not', async () => {
    const device = new TestDevice(parts, parts.manager)
    const other = new TestDevice(parts, parts.staff)
    const { itemId, binA } = await stockRoom(device)
    const before = other.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await device.do('item.archive', { id: itemId })
    expect((await other.push(before))[0]!.status).toBe('applied')
    const after = await other.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
    expect(after).toMatchObject({ status: 'merged', code: 'item_archived' })
    expect(await quantityAt(itemId, binA)).toBe(2000)
  })

  test('[S1][A1][A2] stock below zero opens an alert in the same version, and low stock opens one that resolves beyond the level', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device, { low: 10 })
    const alerts = async () => (await readRows(parts, 'alerts')).filter((alert) => alert.itemId === itemId)
    const position = { itemId, locationId: binA }
    const { version } = await device.pushWhole([device.mutation('stock.withdraw', { ...position, quantity: 2 })])
    expect(
      (await alerts())
        .map(({ kind, state, version: at }) => `${kind} ${state} ${at}`)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual([`low_stock open ${version}`, `negative_stock open ${version}`])
    await device.do('stock.receive', { ...position, quantity: 12.5 })
    expect((await alerts()).find(({ kind }) => kind === 'negative_stock')?.state).toBe('resolved')
    expect((await alerts()).find(({ kind }) => kind === 'low_stock')?.state).toBe('open') // 10.5 is not a tenth beyond 10
    await device.do('stock.receive', { ...position, quantity: 0.5 })
    expect((await alerts()).find(({ kind }) => kind === 'low_stock')?.state).toBe('resolved')
    expect(await alerts()).toHaveLength(2)
    await device.do('item.update', { id: itemId, set: { low: 500 }, base: { low: 10 } })
    expect((await alerts()).filter(({ state }) => state === 'open')).toMatchObject([
      { kind: 'low_stock', level: 500_000 },
    ])
    await device.do('item.update', { id: itemId, set: { low: null }, base: { low: 500 } })
    expect((await alerts()).filter(({ state }) => state === 'open')).toEqual([])
  })
})

describe('the logs', () => {
  test('[H1] every line contains the hash of the line before it', async () => {
    const device = new TestDevice(parts, parts.manager)
    await stockRoom(device)
    const { LOG_COLUMNS, AUDIT_COLUMNS, logHash, auditHash } =
      await import('../../../server/ledger/commit/log-lines.ts')
    await parts.database.snapshot(parts.orgId, async (sql) => {
      for (const [table, columns, hashOf] of [
        ['inventory_logs', LOG_COLUMNS, logHash],
        ['audit_log', AUDIT_COLUMNS, auditHash],
      ] as const) {
        const lines = await sql.unsafe(
          `select ${columns.join(', ')}, encode(hash, 'hex') as hash from ${table} order by no`,
        )
        expect(lines.length).toBeGreaterThan(3)
        let previous = ''
        for (const { hash, ...line } of lines) {
          previous = hashOf(previous, line as never)
          expect(hash).toBe(previous)
        }
      }
    })
  })

  test('[H2] the application can neither change, delete nor truncate the logs', async () => {
    for (const statement of [
      'update inventory_logs set amount = 0',
      'delete from audit_log',
      'truncate inventory_logs',
      'delete from inventory_logs',
      'update audit_log set key = 0',
    ]) {
      const tried = parts.database.transaction(parts.orgId, async ({ sql, write }) => write(sql.unsafe(statement)))
      await expect(tried, statement).rejects.toMatchObject({ code: '42501' })
    }
  })
})
