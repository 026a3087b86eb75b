// The state of a mutation: saved here, synced, or refused.
import type { HistoryEntry } from '../device/state/mutation-history.ts'
import { t } from '../strings/strings.ts'
import { Tag } from '../ui/feedback/tag.tsx'
import { useWorkspace } from '../context/workspace.ts'

export function StateTag({ entry: { envelope, state } }: { entry: HistoryEntry }) {
  const conflict = useWorkspace().device.queries.conflict(envelope.id)
  if (conflict?.state === 'open' && conflict.kind === 'refusal') return <Tag tone="bad">{t('state.refused')}</Tag>
  return state === 'saved' ? <Tag tone="warn">{t('state.saved')}</Tag> : <Tag tone="good">{t('state.synced')}</Tag>
}
