// One model a device: what is half done outlives a look at another screen.
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { showToast } from '../../ui/toast.tsx'
import type { Device } from '../../device/device.ts'
import type { App } from '../../parts/app-context.ts'
import { itemName } from '../../parts/mutation-words.ts'
import type { Done } from './scan-model.ts'
import { ScanModel } from './scan-model.ts'
import { ScanSetting } from './scan-setting.ts'

const models = new WeakMap<Device, ScanModel>()

export function modelFor(app: Omit<App, 'useFrame'>): ScanModel {
  const { device, remote, feedback, drafts } = app
  let model = models.get(device)
  if (!model) {
    const setting = new ScanSetting({ kept: localStorage, deviceName: device.name })
    if (app.person.user.role === 'viewer') setting.change({ mode: 'look' })
    model = new ScanModel({
      device,
      remote,
      setting,
      drafts,
      feedback: (kind) => feedback.give(kind),
      told: (done) => tell(device, done),
      now: Date.now,
    })
    models.set(device, model)
  }
  return model
}

let takeAway: (() => void) | undefined

/** One toast of scanning at a time: the last says it all. */
function tell(device: Device, { kind, itemId, quantity, undo }: Done): void {
  takeAway?.()
  const text = t(`done.${kind}`, { quantity: formatQuantity(quantity), item: itemName(device, itemId) })
  takeAway = showToast({ text, tone: 'good', action: { label: t('ui.undo'), onPress: undo } })
}
