// An unresolved scan, and the ways to resolve it.
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
  const recordKnown = async (code: string) => {
    const outcome = await recordScans(device, scansOfCode(device, code))
    onClose()
    return outcome
  }
  return (
    <Sheet open title={t('unresolved.title', { code: printedCode(code) })} onClose={onClose}>
      <p class="soft">{describeScan(device, scan, clock.now())}</p>
      {isUnknown && <UnknownCode code={code} unreadable={read.kind === 'unreadable'} onKnown={recordKnown} />}
      {read.kind === 'item' && <KnownScan scan={scan} itemName={read.item.name} onClose={onClose} />}
      <Dismiss scan={scan} onClose={onClose} />
    </Sheet>
  )
}

/** A scan with a known code. It is recorded in its own mode, alone or together with all equal ones. */
function KnownScan({ scan, itemName, onClose }: Props & { readonly itemName: string }) {
  const workspace = useWorkspace()
  const { device, countDrafts } = workspace
  const [answers, setAnswers] = useState<ScanAnswers>({})
  const [choosing, setChoosing] = useState(false)
  const proposals = proposalsFor(device, scan, { countDrafts, answers })
  const [proposal] = proposals
  if (!proposal || !mayDo(workspace, 'staff')) {
    return (
      <>
        <p class="strong">{itemName}</p>
        {scan.mode === 'look' && <p>{t('unresolved.looked')}</p>}
      </>
    )
  }
  const shortage = proposal.missing ? undefined : shortageOf(device, proposals.at(-1)!.movement)
  const addAnswers = (more: ScanAnswers) => {
    setAnswers({ ...answers, ...more })
    setChoosing(false)
  }
  return (
    <>
      <p class="strong">{itemName}</p>
      <AnswerLine answers={answers} />
      {shortage && <p class="warn-line">{shortageWords(shortage, proposal.item)}</p>}
      {proposal.missing && (
        <Button kind="primary" wide onPress={() => setChoosing(true)}>
          {t(`unresolved.choose.${proposal.missing}`)}
        </Button>
      )}
      {!proposal.missing &&
        proposals.map((each) => (
          <RecordButton key={each.scans.length} proposal={each} isMain={each === proposal} onClose={onClose} />
        ))}
      {choosing && <AnswerSheet proposal={proposal} onAnswer={addAnswers} onClose={() => setChoosing(false)} />}
    </>
  )
}

function shortageWords({ available }: Shortage, { decimals }: Item): string {
  if (available <= 0) return t('unresolved.none')
  return t('unresolved.short', { quantity: formatQuantity(available, { decimals }) })
}

function AnswerLine({ answers: { locationId, lot, toLocationId } }: { answers: ScanAnswers }) {
  const { device } = useWorkspace()
  const from = locationId && locationName(device, locationId)
  const to = toLocationId && `→ ${locationName(device, toLocationId)}`
  const parts = [from, lot && t('words.lot', { lot }), to].filter(Boolean)
  return parts.length > 0 ? <p>{parts.join(' · ')}</p> : null
}

type RecordProps = { readonly proposal: ScanProposal; readonly isMain: boolean; readonly onClose: () => void }

function RecordButton({ proposal, isMain, onClose }: RecordProps) {
  const { device } = useWorkspace()
  const [busy, setBusy] = useState(false)
  const { movement, scans, item } = proposal
  const quantity = formatQuantity(movement.quantity, { decimals: item.decimals })
  const action = t(`unresolved.${movement.kind}`, { quantity })
  const record = async () => {
    setBusy(true)
    const { recorded, refusal } = await recordProposal(device, proposal)
    onClose()
    if (recorded > 0) showToast({ text: t('unknown.recorded', { count: recorded }), tone: 'good' })
    if (refusal) showToast({ text: `${meaning(refusal.code).cause} ${meaning(refusal.code).remedy}`, tone: 'bad' })
  }
  return (
    <Button kind={isMain ? 'primary' : 'secondary'} wide busy={busy} onPress={() => void record()}>
      {isMain ? action : t('unresolved.alike', { count: scans.length, does: action })}
    </Button>
  )
}

type AnswerProps = {
  readonly proposal: ScanProposal
  readonly onAnswer: (answers: ScanAnswers) => void
  readonly onClose: () => void
}

function AnswerSheet({ proposal: { missing, item, movement }, onAnswer, onClose }: AnswerProps) {
  const { device } = useWorkspace()
  const { kind, locationId } = movement
  if (missing === 'lot') {
    const known = device.queries
      .positionsOf(item.id)
      .filter((position) => position.lot !== '' && (kind === 'receive' || position.locationId === locationId))
    return <LotSheet item={item} known={known} asksExpiry={kind === 'receive'} onClose={onClose} onDone={onAnswer} />
  }
  const isSource = missing === 'location'
  return (
    <LocationPicker
      title={isSource ? t(`scan.whereFor.${kind}`, { item: item.name }) : t('scan.putDownWhere')}
      onClose={onClose}
      onPick={({ id }) => onAnswer(isSource ? { locationId: id } : { toLocationId: id })}
    />
  )
}

function Dismiss({ scan, onClose }: Props) {
  const { device, countDrafts } = useWorkspace()
  const [reason, setReason] = useState<Reason>('mistake')
  // A count is dismissed as a whole, because one scan less would be another count.
  const [count] = scan.mode === 'count' ? proposalsFor(device, scan, { countDrafts, answers: {} }) : []
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
