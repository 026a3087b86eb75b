// A scan on a screen that asked for none: a question. It opens what the code names, once no sheet lies over the screen:
// going elsewhere would throw away what a person typed there.
import type { ScanRecord } from '../device/records.ts'
import type { Workspace, DefaultScanHandler } from '../context/workspace.ts'
import { t } from '../strings/strings.ts'
import { sheetsClosed } from '../ui/layout/open-sheets.ts'
import { showToast } from '../ui/feedback/toast.tsx'

export function defaultScanHandler({
  workspace,
  go,
}: {
  workspace: () => Pick<Workspace, 'device' | 'feedback'> | undefined
  go: (href: string) => void
}): DefaultScanHandler {
  return {
    context: () => ({ mode: 'look', locationId: null }),
    handle: (scan) => {
      void Promise.resolve(sheetsClosed()).then(() => answer(scan))
      return true
    },
  }

  function answer({ id, code }: ScanRecord): void {
    const here = workspace()
    if (!here) return
    const { device, feedback } = here
    if (!device.scans.unresolved.value.some((scan) => scan.id === id)) return // it waited, and the tray saw to it
    const found = device.queries.find(code)
    if (found.kind === 'unknown') {
      feedback.play('error')
      const action = { label: t('scan.open'), onPress: () => go('/tray') }
      showToast({ text: t('scan.unknownCode', { code }), tone: 'bad', action })
      return
    }
    feedback.play('success')
    void device.scans.resolve(id)
    go(found.kind === 'item' ? `/items/${found.item.id}` : `/stock?location=${found.location.id}`)
  }
}
