// The open prompt, as a card that stays until it is answered. The scans behind it wait.
import { CircleAlert } from 'lucide-preact'
import type { ComponentChildren } from 'preact'
import { useWorkspace } from '../../context/workspace.ts'
import { LocationPicker } from '../../components/deferred-sheets.ts'
import { LotSheet } from '../../components/deferred-sheets.ts'
import { locationName } from '../../domain/names.ts'
import { formatMoment, formatQuantity } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Icon } from '../../ui/controls/icon.tsx'
import type { DraftAnswer, Prompt } from './model/prompts.ts'
import type { ScanModel } from './model/scan-model.ts'

export function QuestionCard({ model }: { model: ScanModel }) {
  const question = model.prompts.open.value
  const { device } = useWorkspace()
  if (!question) return null
  switch (question.kind) {
    case 'location':
      return (
        <LocationPicker
          title={t(`scan.whereFor.${question.mode}`, { item: question.item.name })}
          onClose={() => model.prompts.answer('location', undefined)}
          onPick={({ id }) => model.prompts.answer('location', id)}
        />
      )
    case 'lot':
      return (
        <LotSheet
          item={question.item}
          known={question.known}
          asksExpiry={question.mode === 'receive'}
          onClose={() => model.prompts.answer('lot', undefined)}
          onDone={(answer) => model.prompts.answer('lot', answer)}
        />
      )
    case 'shortage':
      return <Shortage model={model} question={question} location={locationName(device, question.locationId)} />
    case 'draft':
      return <Draft model={model} question={question} location={locationName(device, question.locationId)} />
    case 'archived':
      return (
        <Ask
          tone="warn"
          title={t('ask.archivedTitle', { item: question.item.name })}
          no={t('ask.leaveIt')}
          yes={t('ask.recordAllTheSame')}
          onNo={() => model.prompts.answer('archived', false)}
          onYes={() => model.prompts.answer('archived', true)}
        >
          {t('ask.archivedHint')}
        </Ask>
      )
    case 'refused': {
      const { cause, remedy } = meaning(question.refusal.code)
      return (
        <Ask
          tone="bad"
          title={question.title ? t('ask.refusedTitle', { what: question.title }) : t('ask.refused')}
          yes={t('ask.understood')}
          onYes={() => model.prompts.answer('refused', true)}
        >
          {cause} {remedy}
        </Ask>
      )
    }
    case 'failed':
      return (
        <Ask
          tone="bad"
          title={t('ask.failedTitle')}
          no={t('ask.leaveScan')}
          yes={t('ask.tryAgain')}
          onNo={() => model.prompts.answer('failed', false)}
          onYes={() => model.prompts.answer('failed', true)}
        >
          {t('ask.failedHint')} <span class="small">{question.message}</span>
        </Ask>
      )
  }
}

type ShortageProps = {
  readonly model: ScanModel
  readonly question: Extract<Prompt, { kind: 'shortage' }>
  readonly location: string
}

function Shortage({ model, question, location }: ShortageProps) {
  const { item, available, requested, isFurther } = question
  const format = (value: number) => formatQuantity(value, { decimals: item.decimals })
  return (
    <Ask
      tone="warn"
      title={available > 0 ? t('ask.onlyHere', { quantity: format(available), unit: item.unit }) : t('ask.noneHere')}
      no={t('ask.dontRecord')}
      yes={t(isFurther ? 'ask.recordFurther' : 'ask.recordQuantity', { quantity: format(requested) })}
      onNo={() => model.prompts.answer('shortage', false)}
      onYes={() => model.prompts.answer('shortage', true)}
    >
      {t('ask.shortageHint', { item: item.name, location, quantity: format(requested) })}
    </Ask>
  )
}

type DraftProps = {
  readonly model: ScanModel
  readonly question: Extract<Prompt, { kind: 'draft' }>
  readonly location: string
}

/** A prompt about a count that is not recorded. */
function Draft({ model, question, location }: DraftProps) {
  const { item, quantity, countedAt, mayContinue, mayPostpone } = question
  const format = (value: number) => formatQuantity(value, { decimals: item.decimals })
  const answer = (answer: DraftAnswer) => () => model.prompts.answer('draft', answer)
  return (
    <Card tone="warn">
      <div class="ask warn" role="alert">
        <Icon of={CircleAlert} />
        <div class="grow">
          <h2>{t('ask.draftTitle', { item: item.name, quantity: format(quantity), unit: item.unit })}</h2>
          <p>{t('ask.draftHint', { location, time: formatMoment(countedAt, Date.now()) })}</p>
        </div>
      </div>
      <Button kind="primary" wide onPress={answer('record')}>
        {t('ask.draftRecord', { quantity: format(quantity) })}
      </Button>
      {mayContinue && (
        <Button wide onPress={answer('continue')}>
          {t('ask.draftGoOn')}
        </Button>
      )}
      <div class="actions">
        {mayPostpone && <Button onPress={answer('postpone')}>{t('ask.draftKeep')}</Button>}
        <Button kind="danger" onPress={answer('discard')}>
          {t('ask.draftDiscard')}
        </Button>
      </div>
    </Card>
  )
}

type AskProps = {
  readonly tone: 'warn' | 'bad'
  readonly title: string
  readonly children: ComponentChildren
  readonly yes: string
  readonly onYes: () => void
  readonly no?: string | undefined
  readonly onNo?: (() => void) | undefined
}

function Ask({ tone, title, children, yes, onYes, no, onNo }: AskProps) {
  return (
    <Card tone={tone}>
      <div class={`ask ${tone}`} role="alert">
        <Icon of={CircleAlert} />
        <div class="grow">
          <h2>{title}</h2>
          <p>{children}</p>
        </div>
      </div>
      <div class="actions">
        {no && <Button onPress={onNo}>{no}</Button>}
        <Button kind="primary" onPress={onYes}>
          {yes}
        </Button>
      </div>
    </Card>
  )
}
