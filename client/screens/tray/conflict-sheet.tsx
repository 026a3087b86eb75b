// One refusal or review: what it was, why, and how it ends.
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
  args?: Record<string, unknown>
  reason?: string
}

export function ConflictSheet({ conflict, onClose }: Props) {
  const workspace = useWorkspace()
  const { device } = workspace
  const [asking, setAsking] = useState<'correct' | 'discard' | undefined>(undefined)
  const words = describeConflict(device, conflict)
  const mayResolve =
    mayDo(workspace, 'manager') || (mayDo(workspace, 'staff') && conflict.userId === workspace.person.user.id)
  // Taking the other side changes the catalogue.
  const ways = conflictOptions(conflict).filter(
    (way) => mayDo(workspace, 'manager') || (way !== 'take' && way !== 'restore'),
  )
  const resolve = async (answer: Answer) => {
    const result = await device.record('conflict.resolve', { id: conflict.id, ...answer })
    onClose()
    if (!result.saved) showToast({ text: meaning(result.refusal.code).cause, tone: 'bad' })
    else if (device.queries.conflict(conflict.id)?.state === 'open')
      showToast({ text: t('conflict.still'), tone: 'warn' })
    else showToast({ text: t('conflict.done'), tone: 'good' })
  }
  const take = async (way: ConflictOption) => {
    if (way === 'correct' || way === 'discard') return setAsking(way)
    return resolve({ choice: way === 'restore' ? 'take' : way })
  }
  return (
    <Sheet open title={words.title} onClose={onClose}>
      <div>
        {words.amount && <p class="big-number num">{words.amount}</p>}
        <p class="soft">{words.note}</p>
      </div>
      <div>
        <p class="strong">{words.cause}</p>
        <p>{words.remedy}</p>
      </div>
      {words.details.map((line) => (
        <p key={line} class="soft">
          {line}
        </p>
      ))}
      {asking === 'correct' && (
        <Correct conflict={conflict} onDone={(args) => void resolve({ choice: 'resend', args })} />
      )}
      {asking === 'discard' && <Discard onDone={(reason) => void resolve({ choice: 'discard', reason })} />}
      {asking === undefined && mayResolve && (
        <div class="stack">
          {ways.map((way, index) => (
            <Button key={way} wide kind={index === 0 ? 'primary' : 'secondary'} onPress={() => void take(way)}>
              {t(`conflict.way.${way}`)}
            </Button>
          ))}
        </div>
      )}
      {!mayResolve && <p class="soft">{t('conflict.askManager')}</p>}
    </Sheet>
  )
}

function Correct({ conflict, onDone }: { conflict: Conflict; onDone: (args: Record<string, unknown>) => void }) {
  const { device } = useWorkspace()
  const { args } = mutationOfConflict(conflict)
  const field = typeof args['counted'] === 'number' ? 'counted' : 'quantity'
  const [value, setValue] = useState(Math.round(Number(args[field] ?? 0) * 1000))
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
      <Button kind="primary" wide onPress={() => onDone({ ...args, [field]: value / 1000 })}>
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
