// Lets a manager verify the ledger.
import { useSignal } from '@preact/signals'
import { ShieldCheck } from 'lucide-preact'
import { useWorkspace } from '../../context/workspace.ts'
import type { LedgerReport } from '../../api/api-client.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'

type Answer = LedgerReport | 'checking' | 'unreachable' | undefined

export function LedgerCard() {
  const { api } = useWorkspace()
  const answer = useSignal<Answer>(undefined)
  const check = async () => {
    answer.value = 'checking'
    answer.value = await api.checkLedger().catch((): Answer => 'unreachable')
  }
  return (
    <Card title={t('ledger.title')}>
      <p class="soft">{t('ledger.hint')}</p>
      <Button icon={ShieldCheck} disabled={answer.value === 'checking'} onPress={() => void check()}>
        {t('ledger.check')}
      </Button>
      <div role="status">{answer.value !== undefined && <AnswerText answer={answer.value} />}</div>
    </Card>
  )
}

function AnswerText({ answer }: { answer: Exclude<Answer, undefined> }) {
  if (answer === 'checking') return <p class="soft">{t('ledger.checking')}</p>
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
