// Each scan is stored first, in order, and goes to the handler that was registered last. No scan is dropped.
import { expect, test } from 'vitest'
import type { ScanRecord } from '../device/records.ts'
import { ScanDispatcher } from './scan-dispatcher.ts'

const scanOf = (code: string) => ({ code, raw: code, at: 1 })

function createDispatcher(store: (code: string) => Promise<void> = () => Promise.resolve()) {
  const handled: string[] = []
  const dispatcher = new ScanDispatcher({
    store: {
      store: async (scan) => {
        await store(scan.code)
        return { ...scan, id: `id-${scan.code}`, state: 'unresolved' } satisfies ScanRecord
      },
    },
    fallback: {
      context: () => ({ mode: 'look', locationId: null }),
      handle: ({ code }) => handled.push(`default ${code}`) > 0,
    },
  })
  return { dispatcher, handled }
}

test('[Z1] scans are dispatched in order, however long each takes to store', async () => {
  const waits: Record<string, number> = { a: 15, b: 1, c: 5 }
  const { dispatcher, handled } = createDispatcher((code) => new Promise((done) => setTimeout(done, waits[code])))
  await Promise.all(['a', 'b', 'c'].map((code) => dispatcher.dispatch(scanOf(code))))
  expect(handled).toEqual(['default a', 'default b', 'default c'])
})

test('the handler that was registered last gets the scans until it ends', async () => {
  const { dispatcher, handled } = createDispatcher()
  const end = dispatcher.handle({
    context: () => ({ mode: 'count', locationId: 'L' }),
    handle: ({ code, mode, locationId }) => handled.push(`${mode} ${locationId} ${code}`) > 0,
  })
  await dispatcher.dispatch(scanOf('a'))
  end()
  await dispatcher.dispatch(scanOf('b'))
  expect(handled).toEqual(['count L a', 'default b'])
})

test('[Z1] a scan that a handler does not use goes to the one before it, with that one’s context', async () => {
  const { dispatcher, handled } = createDispatcher()
  dispatcher.handle({
    context: () => ({ mode: 'count', locationId: 'L' }),
    handle: ({ code, mode, locationId }) => handled.push(`${mode} ${locationId} ${code}`) > 0,
  })
  dispatcher.handle({ handle: ({ code }) => code === 'a' && handled.push(`override ${code}`) > 0 })
  await dispatcher.dispatch(scanOf('a'))
  await dispatcher.dispatch(scanOf('b'))
  expect(handled).toEqual(['override a', 'count L b'])
})

test('[Z1] a scan that cannot be stored is reported, and later ones are stored', async () => {
  const { dispatcher, handled } = createDispatcher((code) =>
    code === 'a' ? Promise.reject(new Error('full')) : Promise.resolve(),
  )
  await Promise.all([dispatcher.dispatch(scanOf('a')), dispatcher.dispatch(scanOf('b'))])
  expect(dispatcher.unsavedScans.value).toEqual(['a'])
  expect(handled).toEqual(['default b'])
})
