// A manager asks whether the ledger still says what was written.
import { useSignal } from '@preact/signals'
import { ShieldCheck } from 'lucide-preact'
import { useWorkspace } from '../../context/workspace.ts'
import type { LedgerReport } from '../../api/api-client.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'

type Answer = LedgerReport | 'asking' | 'unreachable' | undefined

export function LedgerCard() {
  const { api } = useWorkspace()
  const answer = useSignal<Answer>(undefined)
  const check = async () => {
    answer.value = 'asking'
    answer.value = await api.checkLedger().catch((): Answer => 'unreachable')
  }
  return (
    <Card title={t('ledger.title')}>
      <p class="soft">{t('ledger.hint')}</p>
      <Button icon={ShieldCheck} disabled={answer.value === 'asking'} onPress={() => void check()}>
        {t('ledger.check')}
      </Button>
      <div role="status">{answer.value !== undefined && <AnswerWords answer={answer.value} />}</div>
    </Card>
  )
}

function AnswerWords({ answer }: { answer: Exclude<Answer, undefined> }) {
  if (answer === 'asking') return <p class="soft">{t('ledger.checking')}</p>
  if (answer === 'unreachable') return <p>{t('ledger.unreachable')}</p>
  const { lines, auditLines, findings } = answer
  if (findings.length === 0) return <p class="strong">{t('ledger.fits', { lines, changes: auditLines })}</p>
  return (
    <>
      <p class="strong">{t('ledger.differs', { count: findings.length })}</p>
      <ul>
        {findings.map(({ where, row, problem }) => (
          <li key={`${where} ${row}`} class="soft small">
            {where} {row}: {problem}
          </li>
        ))}
      </ul>
    </>
  )
}
