// A scan on a screen that asked for none: a question. It opens what the code names.
import type { App, ScanTaker } from '../parts/app-context.ts'
import { t } from '../strings/strings.ts'
import { showToast } from '../ui/toast.tsx'

export function lookUpAnywhere({
  app,
  go,
}: {
  app: () => Pick<App, 'device' | 'feedback'> | undefined
  go: (href: string) => void
}): ScanTaker {
  return {
    context: () => ({ mode: 'look', locationId: null }),
    take: ({ id, code }) => {
      const here = app()
      if (!here) return
      const { device, feedback } = here
      const found = device.view.find(code)
      if (found.kind === 'unknown') {
        feedback.give('error')
        const action = { label: t('scan.open'), onPress: () => go('/tray') }
        showToast({ text: t('scan.unknownCode', { code }), tone: 'bad', action })
        return
      }
      feedback.give('success')
      void device.scans.answer(id)
      go(found.kind === 'item' ? `/items/${found.item.id}` : `/stock?location=${found.location.id}`)
    },
  }
}
