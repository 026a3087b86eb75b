// Handles scans on screens that do not use them: opens the item or location of the code when no sheet is open, because
// navigating away would lose what a person typed there.
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
      void Promise.resolve(sheetsClosed()).then(() => openResult(scan))
      return true
    },
  }

  function openResult({ id, code }: ScanRecord): void {
    const current = workspace()
    if (!current) return
    const { device, feedback } = current
    // the tray has resolved it in the meantime
    if (!device.scans.unresolved.value.some((scan) => scan.id === id)) return
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
