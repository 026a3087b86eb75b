// One scan that became nothing yet, and its ways out.
import { useState } from 'preact/hooks'
import { printedCode } from '#shared/values/gtin.ts'
import type { ScanRecord } from '../device/database.ts'
import { formatDateTime, formatQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceField } from '../ui/field.tsx'
import { Sheet } from '../ui/sheet.tsx'
import { showToast } from '../ui/toast.tsx'
import { mayDo, useApp } from './app-context.ts'
import { shortageOf } from './movement.ts'
import { placeName } from './place-name.ts'
import { readScan } from './read-scan.ts'
import { UnknownCode } from './unknown-code.tsx'
import { movementOf, recordWaiting, waitingFor } from './unresolved.ts'

type Props = { readonly scan: ScanRecord; readonly onClose: () => void }

const REASONS = ['mistake', 'notOurs', 'damaged', 'twice'] as const
type Reason = (typeof REASONS)[number]

export function UnresolvedSheet({ scan, onClose }: Props) {
  const { device } = useApp()
  const read = readScan(device.view, scan, new Date())
  const code = read.kind === 'unknown' || read.kind === 'unreadable' ? read.code : scan.code
  const isUnknown = read.kind === 'unknown' || read.kind === 'unreadable'
  const known = async (code: string) => {
    const outcome = await recordWaiting(device, waitingFor(device, code))
    onClose()
    return outcome
  }
  return (
    <Sheet open title={t('unresolved.title', { code: printedCode(code) })} onClose={onClose}>
      <p class="soft">{whatItWas(device, scan)}</p>
      {isUnknown && <UnknownCode code={code} unreadable={read.kind === 'unreadable'} onKnown={known} />}
      {read.kind === 'item' && <Known scan={scan} itemName={read.item.name} onClose={onClose} />}
      <Dismiss scan={scan} onClose={onClose} />
    </Sheet>
  )
}

function whatItWas(device: ReturnType<typeof useApp>['device'], { mode, locationId, at }: ScanRecord): string {
  const what = mode in MODE_WORDS ? t(MODE_WORDS[mode as keyof typeof MODE_WORDS]) : mode
  const where = locationId === null ? undefined : placeName(device, locationId)
  return [what, where, formatDateTime(at)].filter(Boolean).join(' · ')
}

const MODE_WORDS = {
  look: 'mode.look',
  receive: 'mode.receive',
  withdraw: 'mode.withdraw',
  move: 'mode.move',
  count: 'mode.count',
} as const

function Known({ scan, itemName, onClose }: Props & { readonly itemName: string }) {
  const app = useApp()
  const { device } = app
  const movement = movementOf(device, scan)
  const shortage = movement && shortageOf(device, movement)
  const record = async () => {
    const { recorded, left } = await recordWaiting(device, [scan])
    onClose()
    if (recorded > 0) showToast({ text: t('unknown.recorded', { count: recorded }), tone: 'good' })
    if (left > 0) showToast({ text: t('unknown.left', { count: left }), tone: 'warn' })
  }
  if (!movement || shortage || !mayDo(app, 'staff')) {
    const hint = shortage ? t('unresolved.short', { quantity: formatQuantity(shortage.here) }) : t('unresolved.again')
    return (
      <>
        <p class="strong">{itemName}</p>
        <p>{scan.mode === 'look' ? t('unresolved.looked') : hint}</p>
      </>
    )
  }
  return (
    <>
      <p class="strong">{itemName}</p>
      <Button kind="primary" wide onPress={() => void record()}>
        {t(movement.kind === 'receive' ? 'unresolved.receive' : 'unresolved.withdraw', {
          quantity: formatQuantity(movement.quantity),
        })}
      </Button>
    </>
  )
}

function Dismiss({ scan, onClose }: Props) {
  const { device } = useApp()
  const [reason, setReason] = useState<Reason>('mistake')
  const dismiss = async () => {
    await device.scans.dismiss(scan.id, reason)
    onClose()
  }
  return (
    <div class="dismiss">
      <ChoiceField
        label={t('unresolved.dismissWhy')}
        value={reason}
        options={REASONS.map((value) => ({ value, label: t(`dismiss.${value}`) }))}
        onChange={setReason}
      />
      <Button kind="danger" onPress={() => void dismiss()}>
        {t('unresolved.dismiss')}
      </Button>
    </div>
  )
}
