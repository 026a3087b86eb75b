import { expect, test } from 'vitest'
import { backupName, backupTime, expiredBackups } from './retention.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const DAY = 86_400_000
const named = (atMs: number) => backupName(atMs, { encrypted: false })

test('the name of a backup has the time when it was made, to the second', () => {
  const name = backupName(Date.UTC(2026, 10, 22, 2, 3, 4), { encrypted: true })
  expect(name).toBe('stockhand-20261122T020304Z.backup.zst.age')
  expect(backupTime(name)).toBe(Date.UTC(2026, 10, 22, 2, 3, 4))
})

test('all backups of two days are kept, then one a day, one a week and one a month', () => {
  const all = Array.from({ length: 365 * 4 }, (_, i) => NOW - (i * DAY) / 4)
  const expired = new Set(expiredBackups(all.map(named), NOW))
  const kept = all.filter((atMs) => !expired.has(named(atMs)))
  const between = (fromDays: number, toDays: number) =>
    kept.filter((atMs) => NOW - atMs > fromDays * DAY && NOW - atMs <= toDays * DAY).length
  expect(between(-1, 2)).toBe(9)
  expect(between(2, 14)).toBe(12)
  expect(between(14, 56)).toBeGreaterThanOrEqual(6)
  expect(between(14, 56)).toBeLessThanOrEqual(8)
  expect(between(56, 365)).toBeGreaterThanOrEqual(10)
  expect(between(56, 365)).toBeLessThanOrEqual(11)
})

test('applied every day for a year, retention leaves days, weeks and months', () => {
  let names: string[] = []
  for (let day = 0; day < 400; day++) {
    const nowMs = NOW + day * DAY
    names.push(named(nowMs))
    const expired = new Set(expiredBackups(names, nowMs))
    names = names.filter((name) => !expired.has(name))
  }
  const ages = names.map((name) => Math.round((NOW + 399 * DAY - backupTime(name)!) / DAY))
  expect(ages.filter((age) => age <= 14)).toHaveLength(15)
  expect(ages.filter((age) => age > 14 && age <= 56).length).toBeGreaterThanOrEqual(5)
  expect(ages.filter((age) => age > 56).length).toBeGreaterThanOrEqual(9)
})

test('the newest backup never expires, and other files are ignored', () => {
  expect(expiredBackups([named(NOW - 900 * DAY)], NOW)).toEqual([])
  expect(expiredBackups(['notes.txt', 'stockhand.backup', named(NOW - 900 * DAY), named(NOW)], NOW)).toEqual([
    named(NOW - 900 * DAY),
  ])
})
