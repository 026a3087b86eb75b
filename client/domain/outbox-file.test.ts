// The file with a device's pending mutations: reading returns what was written, and refuses any other file.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { formatStamp } from '#shared/values/stamp.ts'
import { deviceName } from '../device/storage/device-name.ts'
import { outboxFile } from './export-outbox.ts'
import { readOutboxFile } from './outbox-file.ts'

const [orgId, userId] = [randomUUID(), randomUUID()]
const name = deviceName({ org: { id: orgId }, user: { id: userId } })
const at = formatStamp({ ms: Date.now(), counter: 0, device: 'abcdef01' })
const envelope = { seq: 4, id: randomUUID(), name: 'stock.receive', args: { quantity: 1 }, at, seen: 7 }
const scan = { id: randomUUID(), code: '4006381333931', at: 5, mode: 'receive', locationId: null }
const pending = {
  outbox: [{ seq: 4, at, envelope }],
  scans: [
    { ...scan, state: 'unresolved' as const },
    { ...scan, id: randomUUID(), state: 'dismissed' as const },
  ],
}
const point = { epoch: 3, clockOffsetMs: -250 }
const saved = (device = name) =>
  JSON.stringify(
    outboxFile(pending, { device, person: 'Ada', point, inWords: () => ({ title: 'Tea' }) }, new Date(9_000)),
  )
const own = { orgId, userId, role: 'staff' as const }
const other = { orgId, userId: randomUUID() }

test('[D19] a saved file is read again, without its descriptions', () => {
  expect(readOutboxFile(saved(), own)).toEqual({
    contents: { ...point, pending: [envelope], scans: [pending.scans[0]], settledScans: [pending.scans[1]!.id] },
    savedAt: new Date(9_000),
    person: 'Ada',
    isOwn: true,
  })
})

test('[D19] only a manager may import a file of another or an unknown person', () => {
  for (const device of [name, randomUUID()]) {
    expect(readOutboxFile(saved(device), { ...other, role: 'manager' })).toMatchObject({ isOwn: false })
    expect(readOutboxFile(saved(device), { ...other, role: 'staff' })).toEqual({ problem: 'otherPerson' })
  }
  expect(readOutboxFile(saved(), { ...own, role: 'viewer' })).toEqual({ problem: 'viewer' })
  const elsewhere = { ...own, orgId: randomUUID(), role: 'manager' as const }
  expect(readOutboxFile(saved(), elsewhere)).toEqual({ problem: 'otherOrganisation' })
})

test('[D19] a damaged or foreign file is refused as a whole, with the reason', () => {
  const problemOf = (text: string) => readOutboxFile(text, own)
  for (const text of ['', 'hello', '[]', '{"pending":[]}']) expect(problemOf(text)).toEqual({ problem: 'notOurs' })
  for (const text of [saved().slice(0, -20), saved().replace(at, 'noon'), saved().replace(envelope.id, 'x')])
    expect(problemOf(text)).toEqual({ problem: 'damaged' })
  const nothing = JSON.stringify(outboxFile({ outbox: [], scans: [] }, { device: name }, new Date(9_000)))
  expect(problemOf(nothing)).toEqual({ problem: 'empty' })
})

test('[D19] a file of an older version is read too', () => {
  const {
    person: _person,
    epoch: _epoch,
    clockOffsetMs: _offset,
    settledScans: _settled,
    ...older
  } = JSON.parse(saved())
  const outboxExport = { epoch: 0, clockOffsetMs: 0, settledScans: [] }
  expect(readOutboxFile(JSON.stringify(older), own)).toMatchObject({ contents: outboxExport })
})
