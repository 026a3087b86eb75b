import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CLOCK_TOLERANCE_MS,
  effectiveStamp,
  formatStamp,
  shiftStampMs,
  nextStamp,
  parseStamp,
  stampMs,
} from './stamp.ts'

const DEVICE = '00c0ffee'
const NOW = 1_795_000_000_000
const at = (ms: number, counter = 0) => formatStamp({ ms, counter, device: DEVICE })

test('[T1] stamps increase if the clock stops or goes back, and if the counter overflows', () => {
  const readings = [NOW, NOW, NOW - 3_600_000, NOW + 1]
  let last: string | undefined
  for (const reading of readings) {
    const stamp = nextStamp(last, reading, DEVICE)
    if (last !== undefined) expect(stamp > last).toBe(true)
    last = stamp
  }
  expect(nextStamp(at(NOW, 0xffff), NOW, DEVICE)).toBe(at(NOW + 1, 0))
})

test('[T2] a clock that is 48 hours wrong is corrected, and one that is a second wrong is not', () => {
  const wrong = NOW + 48 * 3_600_000
  expect(stampMs(effectiveStamp(at(wrong - 60_000), { serverNow: NOW, deviceNow: wrong }))).toBe(NOW - 60_000)
  const slow = NOW - 48 * 3_600_000
  expect(stampMs(effectiveStamp(at(slow - 60_000), { serverNow: NOW, deviceNow: slow }))).toBe(NOW - 60_000)
  const near = at(NOW - 5_000, 7)
  expect(effectiveStamp(near, { serverNow: NOW, deviceNow: NOW - CLOCK_TOLERANCE_MS })).toBe(near)
})

test('[T3] an effective stamp is not after the current time and not before what the device had seen', () => {
  expect(stampMs(effectiveStamp(at(NOW + 1_500), { serverNow: NOW, deviceNow: NOW + 1_500 }))).toBe(NOW)
  expect(stampMs(effectiveStamp(at(NOW - 9_000), { serverNow: NOW, deviceNow: NOW, seenAt: NOW - 4_000 }))).toBe(
    NOW - 4_000,
  )
})

test('[T4] effective stamps keep the order of the device, whatever its clock did', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -200_000_000, max: 200_000_000 }), { minLength: 2, maxLength: 30 }),
      fc.integer({ min: -200_000_000, max: 200_000_000 }),
      (jumps, skew) => {
        let stamp: string | undefined
        let last: string | undefined
        for (const jump of jumps) {
          stamp = nextStamp(stamp, NOW + jump, DEVICE)
          const placed = effectiveStamp(stamp, { serverNow: NOW, deviceNow: NOW + skew, last })
          if (last !== undefined) expect(placed > last).toBe(true)
          last = placed
        }
      },
    ),
  )
})

test('[T5] stamps compare as text like their parts, and parse to their parts', () => {
  const parts = fc.record({ ms: fc.integer({ min: 0, max: 2 ** 47 }), counter: fc.integer({ min: 0, max: 0xffff }) })
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const [left, right] = [at(a.ms, a.counter), at(b.ms, b.counter)]
      expect(left < right).toBe(a.ms < b.ms || (a.ms === b.ms && a.counter < b.counter))
      expect(parseStamp(left)).toEqual({ ...a, device: DEVICE })
    }),
  )
})

test('[T5] a shifted stamp can still be compared, however far it is shifted', () => {
  const by = { madeAt: '000000001000-0000-00000001', at: '000000009000-0000-00000001' }
  expect(shiftStampMs('000000002000-0003-00000001', by)).toBe('00000000a000-0003-00000001')
  expect(shiftStampMs('ffffffffffff-0003-00000001', by)).toBe('ffffffffffff-0003-00000001')
  expect(shiftStampMs('000000000001-0003-00000001', { at: by.madeAt, madeAt: by.at })).toBe(
    '000000000000-0003-00000001',
  )
})

test('[T2] a clock with fractions of milliseconds gives whole stamps', () => {
  const at = formatStamp({ ms: 1_000_000, counter: 3, device: '0000000a' })
  const corrected = effectiveStamp(at, { serverNow: 1_010_000, deviceNow: 1_004_000.4 })
  expect(corrected).toBe(formatStamp({ ms: 1_006_000, counter: 3, device: '0000000a' }))
})
