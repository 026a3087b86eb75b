// A refusal or review: the mutation, the reason, and the ways to resolve it.
import type { RecordedArgs } from '#shared/mutations/args.ts'
import { toThousandths, toUnits } from '#shared/values/quantity.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Conflict } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Field } from '../../ui/controls/field.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { Stepper } from '../../ui/controls/stepper.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'
import { describeConflict, mutationOfConflict, conflictOptions, type ConflictOption } from './describe-conflict.ts'

type Props = { readonly conflict: Conflict; readonly onClose: () => void }
type Answer = {
  choice: 'resend' | 'record' | 'keep' | 'take' | 'discard'
  args?: RecordedArgs
  reason?: string
}

export function ConflictSheet({ conflict, onClose }: Props) {
  const workspace = useWorkspace()
  const { device } = workspace
  const [form, setForm] = useState<'correct' | 'discard' | undefined>(undefined)
  const description = describeConflict(device, conflict)
  const mayResolve =
    mayDo(workspace, 'manager') || (mayDo(workspace, 'staff') && conflict.userId === workspace.person.user.id)
  // Accepting the other side changes the catalogue, so it needs a manager.
  const options = conflictOptions(conflict).filter(
    (option) => mayDo(workspace, 'manager') || (option !== 'take' && option !== 'restore'),
  )
  const resolve = async (answer: Answer) => {
    const result = await device.record('conflict.resolve', { id: conflict.id, ...answer })
    onClose()
    if (!result.saved) showToast({ text: meaning(result.refusal.code).cause, tone: 'bad' })
    else if (device.queries.conflict(conflict.id)?.state === 'open')
      showToast({ text: t('conflict.still'), tone: 'warn' })
    else showToast({ text: t('conflict.done'), tone: 'good' })
  }
  const choose = async (option: ConflictOption) => {
    if (option === 'correct' || option === 'discard') return setForm(option)
    return resolve({ choice: option === 'restore' ? 'take' : option })
  }
  return (
    <Sheet open title={description.title} onClose={onClose}>
      <div>
        {description.amount && <p class="big-number num">{description.amount}</p>}
        <p class="soft">{description.note}</p>
      </div>
      <div>
        <p class="strong">{description.cause}</p>
        <p>{description.remedy}</p>
      </div>
      {description.details.map((line) => (
        <p key={line} class="soft">
          {line}
        </p>
      ))}
      {form === 'correct' && (
        <Correct conflict={conflict} onDone={(args) => void resolve({ choice: 'resend', args })} />
      )}
      {form === 'discard' && <Discard onDone={(reason) => void resolve({ choice: 'discard', reason })} />}
      {form === undefined && mayResolve && (
        <div class="stack">
          {options.map((option, index) => (
            <Button key={option} wide kind={index === 0 ? 'primary' : 'secondary'} onPress={() => void choose(option)}>
              {t(`conflict.way.${option}`)}
            </Button>
          ))}
        </div>
      )}
      {!mayResolve && <p class="soft">{t('conflict.askManager')}</p>}
    </Sheet>
  )
}

function Correct({ conflict, onDone }: { conflict: Conflict; onDone: (args: RecordedArgs) => void }) {
  const { device } = useWorkspace()
  const { args } = mutationOfConflict(conflict)
  const field = typeof args['counted'] === 'number' ? 'counted' : 'quantity'
  const [value, setValue] = useState(toThousandths(Number(args[field] ?? 0)))
  const item = device.queries.item(typeof args['itemId'] === 'string' ? args['itemId'] : '')
  return (
    <>
      <Stepper
        label={t('move.quantity')}
        value={value}
        min={field === 'counted' ? 0 : 1}
        decimals={item?.decimals}
        unit={item?.unit}
        onChange={setValue}
      />
      <Button kind="primary" wide onPress={() => onDone({ ...args, [field]: toUnits(value) })}>
        {t('conflict.way.resend')}
      </Button>
    </>
  )
}

function Discard({ onDone }: { onDone: (reason: string) => void }) {
  const [reason, setReason] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const [error, setError] = useState<string | undefined>(undefined)
  const done = () => {
    if (reason.trim() !== '') return onDone(reason.trim())
    setError(t('conflict.reasonMissing'))
    field.current?.focus()
  }
  return (
    <>
      <Field
        label={t('conflict.reason')}
        value={reason}
        onInput={(text) => {
          setReason(text)
          setError(undefined)
        }}
        error={error}
        hint={t('conflict.reasonHint')}
        maxLength={500}
        ref={field}
        onEnter={done}
      />
      <Button kind="danger" wide onPress={done}>
        {t('conflict.way.discard')}
      </Button>
    </>
  )
}
