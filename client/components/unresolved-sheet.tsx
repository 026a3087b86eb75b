// One scan that became nothing yet, and its ways out.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { printedCode } from '#shared/values/gtin.ts'
import type { ScanRecord } from '../device/records.ts'
import { formatQuantity } from '../strings/figures.ts'
import { meaning, t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { ChoiceField } from '../ui/controls/field.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { showToast } from '../ui/feedback/toast.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { mayDo } from '../session/permissions.ts'
import { LocationPicker } from './location-picker.tsx'
import { LotSheet } from './lot-sheet.tsx'
import type { Shortage } from '../domain/movement.ts'
import { shortageOf } from '../domain/movement.ts'
import { locationName } from '../domain/names.ts'
import { readScan } from '../domain/read-scan.ts'
import { UnknownCode } from './unknown-code.tsx'
import type { ScanAnswers, ScanProposal } from '../domain/unresolved-scans.ts'
import { recordScans, recordProposal, scansOfCode, proposalsFor } from '../domain/unresolved-scans.ts'
import { describeScan } from '../domain/describe-scan.ts'

type Props = { readonly scan: ScanRecord; readonly onClose: () => void }

const REASONS = ['mistake', 'notOurs', 'damaged', 'twice'] as const
type Reason = (typeof REASONS)[number]

export function UnresolvedSheet({ scan, onClose }: Props) {
  const { device, clock } = useWorkspace()
  const read = readScan(device.queries, scan, new Date(scan.at))
  const code = read.kind === 'unknown' || read.kind === 'unreadable' ? read.code : scan.code
  const isUnknown = read.kind === 'unknown' || read.kind === 'unreadable'
  const known = async (code: string) => {
    const outcome = await recordScans(device, scansOfCode(device, code))
    onClose()
    return outcome
  }
  return (
    <Sheet open title={t('unresolved.title', { code: printedCode(code) })} onClose={onClose}>
      <p class="soft">{describeScan(device, scan, clock.now())}</p>
      {isUnknown && <UnknownCode code={code} unreadable={read.kind === 'unreadable'} onKnown={known} />}
      {read.kind === 'item' && <Known scan={scan} itemName={read.item.name} onClose={onClose} />}
      <Dismiss scan={scan} onClose={onClose} />
    </Sheet>
  )
}

/** The scan's code is known: it is recorded as what it was made for, by itself or with all that are like it. */
function Known({ scan, itemName, onClose }: Props & { readonly itemName: string }) {
  const workspace = useWorkspace()
  const { device, countDrafts } = workspace
  const [given, setGiven] = useState<ScanAnswers>({})
  const [choosing, setChoosing] = useState(false)
  const wishes = proposalsFor(device, scan, { kept: countDrafts, given })
  const [wish] = wishes
  if (!wish || !mayDo(workspace, 'staff')) {
    return (
      <>
        <p class="strong">{itemName}</p>
        {scan.mode === 'look' && <p>{t('unresolved.looked')}</p>}
      </>
    )
  }
  const shortage = wish.missing ? undefined : shortageOf(device, wishes.at(-1)!.movement)
  const give = (more: ScanAnswers) => {
    setGiven({ ...given, ...more })
    setChoosing(false)
  }
  return (
    <>
      <p class="strong">{itemName}</p>
      <GivenPlaces given={given} />
      {shortage && <p class="warn-line">{shortageWords(shortage, wish.item)}</p>}
      {wish.missing && (
        <Button kind="primary" wide onPress={() => setChoosing(true)}>
          {t(`unresolved.choose.${wish.missing}`)}
        </Button>
      )}
      {!wish.missing &&
        wishes.map((each) => (
          <RecordWish key={each.scans.length} wish={each} isMain={each === wish} onClose={onClose} />
        ))}
      {choosing && <Choose wish={wish} onGive={give} onClose={() => setChoosing(false)} />}
    </>
  )
}

function shortageWords({ here }: Shortage, { decimals }: Item): string {
  if (here <= 0) return t('unresolved.none')
  return t('unresolved.short', { quantity: formatQuantity(here, { decimals }) })
}

function GivenPlaces({ given: { locationId, lot, toLocationId } }: { given: ScanAnswers }) {
  const { device } = useWorkspace()
  const from = locationId && locationName(device, locationId)
  const to = toLocationId && `→ ${locationName(device, toLocationId)}`
  const said = [from, lot && t('words.lot', { lot }), to].filter(Boolean)
  return said.length > 0 ? <p>{said.join(' · ')}</p> : null
}

type RecordProps = { readonly wish: ScanProposal; readonly isMain: boolean; readonly onClose: () => void }

function RecordWish({ wish, isMain, onClose }: RecordProps) {
  const { device } = useWorkspace()
  const [busy, setBusy] = useState(false)
  const { movement, scans, item } = wish
  const quantity = formatQuantity(movement.quantity, { decimals: item.decimals })
  const does = t(`unresolved.${movement.kind}`, { quantity })
  const record = async () => {
    setBusy(true)
    const { recorded, refusal } = await recordProposal(device, wish)
    onClose()
    if (recorded > 0) showToast({ text: t('unknown.recorded', { count: recorded }), tone: 'good' })
    if (refusal) showToast({ text: `${meaning(refusal.code).cause} ${meaning(refusal.code).remedy}`, tone: 'bad' })
  }
  return (
    <Button kind={isMain ? 'primary' : 'secondary'} wide busy={busy} onPress={() => void record()}>
      {isMain ? does : t('unresolved.alike', { count: scans.length, does })}
    </Button>
  )
}

type ChooseProps = {
  readonly wish: ScanProposal
  readonly onGive: (given: ScanAnswers) => void
  readonly onClose: () => void
}

function Choose({ wish: { missing, item, movement }, onGive, onClose }: ChooseProps) {
  const { device } = useWorkspace()
  const { kind, locationId } = movement
  if (missing === 'lot') {
    const known = device.queries
      .positionsOf(item.id)
      .filter((position) => position.lot !== '' && (kind === 'receive' || position.locationId === locationId))
    return <LotSheet item={item} known={known} asksExpiry={kind === 'receive'} onClose={onClose} onDone={onGive} />
  }
  const isFrom = missing === 'place'
  return (
    <LocationPicker
      title={isFrom ? t(`scan.whereFor.${kind}`, { item: item.name }) : t('scan.putDownWhere')}
      onClose={onClose}
      onPick={({ id }) => onGive(isFrom ? { locationId: id } : { toLocationId: id })}
    />
  )
}

function Dismiss({ scan, onClose }: Props) {
  const { device, countDrafts } = useWorkspace()
  const [reason, setReason] = useState<Reason>('mistake')
  // One piece less would be another count: a count goes as a whole.
  const [count] = scan.mode === 'count' ? proposalsFor(device, scan, { kept: countDrafts, given: {} }) : []
  const scans = count?.scans ?? [scan]
  const dismiss = async () => {
    await device.scans.dismiss(
      scans.map(({ id }) => id),
      reason,
    )
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
        {scans.length > 1 ? t('unresolved.dismissAll', { count: scans.length }) : t('unresolved.dismiss')}
      </Button>
    </div>
  )
}
