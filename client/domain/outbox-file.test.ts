// The file in which a device saves what waits: what was written is read again, and nothing else is.
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
const waiting = {
  outbox: [{ seq: 4, at, envelope }],
  scans: [
    { ...scan, state: 'unresolved' as const },
    { ...scan, id: randomUUID(), state: 'dismissed' as const },
  ],
}
const point = { epoch: 3, clockOffsetMs: -250 }
const saved = (device = name) =>
  JSON.stringify(
    outboxFile(waiting, { device, person: 'Ada', point, inWords: () => ({ title: 'Tea' }) }, new Date(9_000)),
  )
const own = { orgId, userId, role: 'staff' as const }
const other = { orgId, userId: randomUUID() }

test('[D19] what was saved is read again, but for its words', () => {
  expect(readOutboxFile(saved(), own)).toEqual({
    luggage: { ...point, pending: [envelope], scans: [waiting.scans[0]], settledScans: [waiting.scans[1]!.id] },
    savedAt: new Date(9_000),
    person: 'Ada',
    isOwn: true,
  })
})

test('[D19] another person’s file is for a manager alone, and so is one that does not say whose it is', () => {
  for (const device of [name, randomUUID()]) {
    expect(readOutboxFile(saved(device), { ...other, role: 'manager' })).toMatchObject({ isOwn: false })
    expect(readOutboxFile(saved(device), { ...other, role: 'staff' })).toEqual({ problem: 'otherPerson' })
  }
  expect(readOutboxFile(saved(), { ...own, role: 'viewer' })).toEqual({ problem: 'viewer' })
  const elsewhere = { ...own, orgId: randomUUID(), role: 'manager' as const }
  expect(readOutboxFile(saved(), elsewhere)).toEqual({ problem: 'otherOrganisation' })
})

test('[D19] what is not such a file, or no longer one, is told apart and refused whole', () => {
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
  const luggage = { epoch: 0, clockOffsetMs: 0, settledScans: [] }
  expect(readOutboxFile(JSON.stringify(older), own)).toMatchObject({ luggage })
})
