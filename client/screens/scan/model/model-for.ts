// One model a device: what is half done outlives a look at another screen.
import { formatQuantity } from '../../../strings/figures.ts'
import { t } from '../../../strings/strings.ts'
import { sheetsClosed } from '../../../ui/layout/open-sheets.ts'
import { showToast } from '../../../ui/feedback/toast.tsx'
import type { Device } from '../../../device/device.ts'
import type { Workspace } from '../../../context/workspace.ts'
import { countDraftStore } from '../../../domain/count-drafts.ts'
import { itemName } from '../../../domain/describe-mutation.ts'
import type { Done } from './scan-model.ts'
import { ScanModel } from './scan-model.ts'
import { ScanSetting } from './scan-setting.ts'

const models = new WeakMap<Device, ScanModel>()

export function modelFor(workspace: Omit<Workspace, 'useFrame'>): ScanModel {
  const { device, api, feedback, drafts } = workspace
  let model = models.get(device)
  if (!model) {
    const setting = new ScanSetting({ kept: localStorage, deviceName: device.name })
    if (workspace.person.user.role === 'viewer') setting.change({ mode: 'look' })
    model = new ScanModel({
      device,
      remote: api,
      setting,
      kept: countDraftStore(device),
      drafts,
      sheetsClosed,
      feedback: (kind) => feedback.give(kind),
      told: (done) => tell(device, done, (id) => void model?.undo(id)),
      now: Date.now,
    })
    models.set(device, model)
    // A question's buttons come where the message of what was done before it lies; the log offers its way back as well.
    model.prompts.open.subscribe((question) => question && takeAway?.())
  }
  return model
}

let takeAway: (() => void) | undefined

/** One toast of scanning at a time: the last says it all. */
function tell(device: Device, { kind, lines }: Done, undo: (mutationId: string) => void): void {
  takeAway?.()
  const [first] = lines
  if (!first) return
  const item = lines.length > 1 ? t('stock.items', { count: lines.length }) : itemName(device, first.itemId)
  const quantity = formatQuantity(lines.reduce((sum, line) => sum + line.quantity, 0))
  const onPress = () => lines.forEach(({ mutationId }) => undo(mutationId))
  const text = t(`done.${kind}`, { quantity, item })
  takeAway = showToast({ text, tone: 'good', lastsMs: TOAST_MS, action: { label: t('ui.undo'), onPress } })
}

/** Shorter than other toasts with a way back: the log behind it offers the same. */
const TOAST_MS = 5000
