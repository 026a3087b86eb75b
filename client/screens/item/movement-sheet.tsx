// Records a manual movement: location, quantity, reason.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { LocationPicker } from '../../components/location-picker.tsx'
import type { MovementKind } from '../../domain/movement.ts'
import { recordMovement, refusalOf, shortageOf } from '../../domain/movement.ts'
import { useDraft } from '../../context/use-draft.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { ChoiceField } from '../../ui/controls/field.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { Stepper } from '../../ui/controls/stepper.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'
import type { MovementDraft, MovementTask } from './movement-draft.ts'
import { withLocation, missingIn, movementFrom, reasonsFor, startDraft } from './movement-draft.ts'
import { LotFields, LocationButton } from './movement-fields.tsx'

type Props = MovementTask & { readonly onClose: () => void }

const DONE_TEXTS = { receive: 'received', withdraw: 'withdrawn', move: 'moved', count: 'counted' } as const

export function MovementSheet({ item, kind, at, onClose }: Props) {
  const { device } = useWorkspace()
  const [draft, setDraft] = useState(() => startDraft(device, { item, kind, at }, Date.now()))
  const [chosenField, setChosenField] = useState<'locationId' | 'toLocationId' | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const [busy, setBusy] = useState(false)
  useDraft(true)
  const set = (changed: Partial<MovementDraft>) => {
    setDraft({ ...draft, ...changed })
    setProblem(undefined)
  }
  if (chosenField) {
    const pick = (id: string) => {
      if (chosenField === 'toLocationId') set({ toLocationId: id })
      else set(withLocation(device, { draft, item, kind }, { locationId: id, nowMs: Date.now() }))
      setChosenField(undefined)
    }
    const title = t(chosenField === 'toLocationId' ? 'move.to' : 'move.where')
    const close = () => setChosenField(undefined)
    return <LocationPicker title={title} current={draft[chosenField]} onClose={close} onPick={({ id }) => pick(id)} />
  }
  const movement = movementFrom(draft, item, kind)
  const shortage = movement && shortageOf(device, movement)
  const format = (quantity: number) => formatQuantity(quantity, { decimals: item.decimals })
  const save = async () => {
    const refusal = movement && refusalOf(device, movement)
    const newProblem = missingIn(draft, item, kind) ?? (refusal && meaning(refusal.code).cause)
    setProblem(newProblem)
    if (newProblem || !movement || busy) return
    setBusy(true)
    const result = await recordMovement(device, movement)
    setBusy(false)
    if (!result.saved) {
      setProblem(meaning(result.refusal.code).cause)
      return
    }
    onClose()
    const undo = { label: t('ui.undo'), onPress: () => void device.undo(result.id) }
    const text = t(`done.${DONE_TEXTS[kind]}`, { quantity: format(draft.quantity), item: item.name })
    showToast({ text, tone: 'good', action: undo })
  }
  return (
    <Sheet
      open
      title={t(`move.title.${kind}`, { item: item.name })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" busy={busy} onPress={() => void save()}>
            {t(shortage ? 'ask.recordAllTheSame' : `move.do.${kind}`)}
          </Button>
        </>
      }
    >
      <Fields item={item} kind={kind} draft={draft} set={set} choose={setChosenField} />
      {shortage && (
        <p role="alert" class="warn-line">
          {t('move.short', { here: format(shortage.available), wanted: format(shortage.requested) })}
        </p>
      )}
      {problem && (
        <p role="alert" class="error-line">
          {problem}
        </p>
      )}
    </Sheet>
  )
}

type FieldsProps = {
  item: Item
  kind: MovementKind
  draft: MovementDraft
  set: (changed: Partial<MovementDraft>) => void
  choose: (which: 'locationId' | 'toLocationId') => void
}

function Fields({ item, kind, draft, set, choose }: FieldsProps) {
  const label = t(kind === 'count' ? 'move.counted' : 'move.quantity')
  return (
    <>
      <LocationButton
        label={t(kind === 'move' ? 'move.from' : 'move.where')}
        locationId={draft.locationId}
        onPress={() => choose('locationId')}
        item={item}
      />
      {kind === 'move' && (
        <LocationButton
          label={t('move.to')}
          locationId={draft.toLocationId}
          onPress={() => choose('toLocationId')}
          item={item}
        />
      )}
      <LotFields item={item} kind={kind} draft={draft} set={set} />
      <div class="location-button">
        <p class="strong">{label}</p>
        <Stepper
          label={label}
          value={draft.quantity}
          min={0}
          decimals={item.decimals}
          unit={item.unit}
          onChange={(quantity) => set({ quantity })}
        />
      </div>
      {(kind === 'receive' || kind === 'withdraw') && (
        <ChoiceField
          label={t('move.reason')}
          value={draft.reason}
          options={reasonsFor(kind)}
          onChange={(reason) => set({ reason })}
        />
      )}
    </>
  )
}
