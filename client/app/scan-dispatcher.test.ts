// Stored first, in order, to whoever asked last; nothing is dropped.
import { expect, test } from 'vitest'
import type { ScanRecord } from '../device/records.ts'
import { ScanDispatcher } from './scan-dispatcher.ts'

const scanOf = (code: string) => ({ code, raw: code, at: 1 })

function station(store: (code: string) => Promise<void> = () => Promise.resolve()) {
  const taken: string[] = []
  const made = new ScanDispatcher({
    store: {
      store: async (scan) => {
        await store(scan.code)
        return { ...scan, id: `id-${scan.code}`, state: 'unresolved' } satisfies ScanRecord
      },
    },
    fallback: {
      context: () => ({ mode: 'look', locationId: null }),
      handle: ({ code }) => taken.push(`else ${code}`) > 0,
    },
  })
  return { made, taken }
}

test('[Z1] scans are handed on in the order of their triggers, however long each takes to store', async () => {
  const waits: Record<string, number> = { a: 15, b: 1, c: 5 }
  const { made, taken } = station((code) => new Promise((done) => setTimeout(done, waits[code])))
  await Promise.all(['a', 'b', 'c'].map((code) => made.dispatch(scanOf(code))))
  expect(taken).toEqual(['else a', 'else b', 'else c'])
})

test('the one that asked last gets them, until it ends', async () => {
  const { made, taken } = station()
  const end = made.handle({
    context: () => ({ mode: 'count', locationId: 'L' }),
    handle: ({ code, mode, locationId }) => taken.push(`${mode} ${locationId} ${code}`) > 0,
  })
  await made.dispatch(scanOf('a'))
  end()
  await made.dispatch(scanOf('b'))
  expect(taken).toEqual(['count L a', 'else b'])
})

test('[Z1] what whoever asked aside has no use for goes to who would have got it, and means what it would have meant', async () => {
  const { made, taken } = station()
  made.handle({
    context: () => ({ mode: 'count', locationId: 'L' }),
    handle: ({ code, mode, locationId }) => taken.push(`${mode} ${locationId} ${code}`) > 0,
  })
  made.handle({ handle: ({ code }) => code === 'a' && taken.push(`aside ${code}`) > 0 })
  await made.dispatch(scanOf('a'))
  await made.dispatch(scanOf('b'))
  expect(taken).toEqual(['aside a', 'count L b'])
})

test('[Z1] a scan that cannot be kept is said, and those behind it are kept', async () => {
  const { made, taken } = station((code) => (code === 'a' ? Promise.reject(new Error('full')) : Promise.resolve()))
  await Promise.all([made.dispatch(scanOf('a')), made.dispatch(scanOf('b'))])
  expect(made.unsavedScans.value).toEqual(['a'])
  expect(taken).toEqual(['else b'])
})
