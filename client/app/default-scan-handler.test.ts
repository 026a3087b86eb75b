// A scan that no screen asked for. The device is played: what a code names, and which scans are open.
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ScanRecord } from '../device/records.ts'
import type { Workspace } from '../context/workspace.ts'
import { startLanguage } from '../strings/strings.ts'
import { sheetOpened } from '../ui/layout/open-sheets.ts'
import { defaultScanHandler } from './default-scan-handler.ts'

const scanOf = (id: string): ScanRecord => ({
  id,
  code: id,
  at: 1,
  mode: 'look',
  locationId: null,
  state: 'unresolved',
})
const raw = (code: string) => ({ code, raw: code, at: 1 })
let open: ScanRecord[]
let gone: string[]

beforeAll(async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', { getItem: () => null })
  await startLanguage()
})
beforeEach(() => {
  open = []
  gone = []
})

function take(id: string): void {
  open = [...open, scanOf(id)]
  const scans = {
    get unresolved() {
      return { value: open }
    },
    answer: async (answered: string) => void (open = open.filter((scan) => scan.id !== answered)),
  }
  const find = (code: string) => (code === '9' ? { kind: 'unknown', code } : { kind: 'item', item: { id: code } })
  const device = { queries: { find }, scans } as unknown as Workspace['device']
  const feedback = { give: () => undefined, wake: () => undefined } as unknown as Workspace['feedback']
  defaultScanHandler({ workspace: () => ({ device, feedback }), go: (href) => gone.push(href) }).handle(
    scanOf(id),
    raw(id),
  )
}

test('it opens what the code names; an unknown one stays in the tray', async () => {
  take('1')
  await vi.waitFor(() => expect(gone).toEqual(['/items/1']))
  take('9')
  await new Promise((next) => setTimeout(next))
  expect([gone, open.map(({ id }) => id)]).toEqual([['/items/1'], ['9']])
})

test('behind an open sheet it waits, also where another sheet takes its place, and then goes in the order of the triggers', async () => {
  const first = sheetOpened()
  take('1')
  take('2')
  await new Promise((next) => setTimeout(next))
  first()
  const second = sheetOpened() // in the same go
  await new Promise((next) => setTimeout(next))
  expect(gone).toEqual([])
  second()
  await vi.waitFor(() => expect(gone).toEqual(['/items/1', '/items/2']))
})

test('a scan that was seen to while it waited does nothing more', async () => {
  const closed = sheetOpened()
  take('1')
  open = []
  closed()
  await new Promise((next) => setTimeout(next))
  expect(gone).toEqual([])
})
