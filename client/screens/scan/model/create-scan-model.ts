// Builds the model of the scan screen from the workspace.
import type { Device } from '../../../device/device.ts'
import type { Workspace } from '../../../context/workspace.ts'
import { itemName } from '../../../domain/names.ts'
import { formatQuantity } from '../../../strings/figures.ts'
import { t } from '../../../strings/strings.ts'
import { showToast } from '../../../ui/feedback/toast.tsx'
import { sheetsClosed } from '../../../ui/layout/open-sheets.ts'
import { type Done, ScanModel } from './scan-model.ts'
import { ScanSetting } from './scan-setting.ts'

/** Shorter than other toasts with an undo, because the scan log offers it too. */
const TOAST_MS = 5000

type Dependencies = Pick<
  Workspace,
  'device' | 'api' | 'feedback' | 'drafts' | 'person' | 'settings' | 'countDrafts' | 'clock'
>

export function createScanModel({
  device,
  api,
  feedback,
  drafts,
  person,
  settings,
  countDrafts,
  clock,
}: Dependencies): ScanModel {
  const setting = new ScanSetting({ store: settings, deviceName: device.name })
  if (person.user.role === 'viewer') setting.change({ mode: 'look' })
  /** Closes the toast about the last movement. There is one at a time. */
  let closeToast: (() => void) | undefined
  const model: ScanModel = new ScanModel({
    device,
    api,
    setting,
    countDrafts,
    drafts,
    sheetsClosed,
    feedback: (kind) => feedback.play(kind),
    done: (done) => {
      closeToast?.()
      closeToast = showDone(device, done, (id) => void model.undo(id))
    },
    now: () => clock.now(),
  })
  // A prompt's buttons appear where the toast is. The scan log offers undo as well.
  model.prompts.open.subscribe((question) => question && closeToast?.())
  return model
}

function showDone(device: Device, { kind, lines }: Done, undo: (mutationId: string) => void): (() => void) | undefined {
  const [first] = lines
  if (!first) return undefined
  const item = lines.length > 1 ? t('stock.items', { count: lines.length }) : itemName(device, first.itemId)
  const quantity = formatQuantity(lines.reduce((sum, line) => sum + line.quantity, 0))
  const onPress = () => lines.forEach(({ mutationId }) => undo(mutationId))
  const text = t(`done.${kind}`, { quantity, item })
  return showToast({ text, tone: 'good', durationMs: TOAST_MS, action: { label: t('ui.undo'), onPress } })
}
