import { expect, test } from 'vitest'
import { backupName, backupTime, expiredBackups } from './retention.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const DAY = 86_400_000
const named = (atMs: number) => backupName(atMs, { encrypted: false })

test('a name tells when the backup was made, to the second', () => {
  const name = backupName(Date.UTC(2026, 10, 22, 2, 3, 4), { encrypted: true })
  expect(name).toBe('stockhand-20261122T020304Z.backup.zst.age')
  expect(backupTime(name)).toBe(Date.UTC(2026, 10, 22, 2, 3, 4))
})

test('the older, the fewer: every one of two days, then one a day, a week, a month', () => {
  const all = Array.from({ length: 365 * 4 }, (_, i) => NOW - (i * DAY) / 4)
  const gone = new Set(expiredBackups(all.map(named), NOW))
  const kept = all.filter((atMs) => !gone.has(named(atMs)))
  const between = (fromDays: number, toDays: number) =>
    kept.filter((atMs) => NOW - atMs > fromDays * DAY && NOW - atMs <= toDays * DAY).length
  expect(between(-1, 2)).toBe(9)
  expect(between(2, 14)).toBe(12)
  expect(between(14, 56)).toBeGreaterThanOrEqual(6)
  expect(between(14, 56)).toBeLessThanOrEqual(8)
  expect(between(56, 365)).toBeGreaterThanOrEqual(10)
  expect(between(56, 365)).toBeLessThanOrEqual(11)
})

test('what is kept one day is reason enough to keep enough for the next: a year of days leaves months, weeks and days', () => {
  let names: string[] = []
  for (let day = 0; day < 400; day++) {
    const nowMs = NOW + day * DAY
    names.push(named(nowMs))
    const gone = new Set(expiredBackups(names, nowMs))
    names = names.filter((name) => !gone.has(name))
  }
  const ages = names.map((name) => Math.round((NOW + 399 * DAY - backupTime(name)!) / DAY))
  expect(ages.filter((age) => age <= 14)).toHaveLength(15)
  expect(ages.filter((age) => age > 14 && age <= 56).length).toBeGreaterThanOrEqual(5)
  expect(ages.filter((age) => age > 56).length).toBeGreaterThanOrEqual(9)
})

test('the newest is never forgotten, and what is no backup is not looked at', () => {
  expect(expiredBackups([named(NOW - 900 * DAY)], NOW)).toEqual([])
  expect(expiredBackups(['notes.txt', 'stockhand.backup', named(NOW - 900 * DAY), named(NOW)], NOW)).toEqual([
    named(NOW - 900 * DAY),
  ])
})
