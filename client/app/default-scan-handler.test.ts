// A scan that no screen handles. The device is simulated: the meaning of a code, and the open scans.
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
let visited: string[]

beforeAll(async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', { getItem: () => null })
  await startLanguage()
})
beforeEach(() => {
  open = []
  visited = []
})

function handleScan(id: string): void {
  open = [...open, scanOf(id)]
  const scans = {
    get unresolved() {
      return { value: open }
    },
    resolve: async (answered: string) => void (open = open.filter((scan) => scan.id !== answered)),
  }
  const find = (code: string) => (code === '9' ? { kind: 'unknown', code } : { kind: 'item', item: { id: code } })
  const device = { queries: { find }, scans } as unknown as Workspace['device']
  const feedback = { play: () => undefined, prepare: () => undefined } as unknown as Workspace['feedback']
  defaultScanHandler({ workspace: () => ({ device, feedback }), go: (href) => visited.push(href) }).handle(
    scanOf(id),
    raw(id),
  )
}

test('it opens the item of the code, and an unknown code stays in the tray', async () => {
  handleScan('1')
  await vi.waitFor(() => expect(visited).toEqual(['/items/1']))
  handleScan('9')
  await new Promise((next) => setTimeout(next))
  expect([visited, open.map(({ id }) => id)]).toEqual([['/items/1'], ['9']])
})

test('behind open sheets scans wait until the last one closes, and then open in order', async () => {
  const first = sheetOpened()
  handleScan('1')
  handleScan('2')
  await new Promise((next) => setTimeout(next))
  first()
  const second = sheetOpened() // before the next task
  await new Promise((next) => setTimeout(next))
  expect(visited).toEqual([])
  second()
  await vi.waitFor(() => expect(visited).toEqual(['/items/1', '/items/2']))
})

test('a scan that was resolved while it waited has no effect', async () => {
  const closed = sheetOpened()
  handleScan('1')
  open = []
  closed()
  await new Promise((next) => setTimeout(next))
  expect(visited).toEqual([])
})
