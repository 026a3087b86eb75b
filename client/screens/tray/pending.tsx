// The pending mutations, oldest first.
import { useEffect, useState } from 'preact/hooks'
import { stampMs } from '#shared/values/stamp.ts'
import type { OutboxEntry } from '../../device/records.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { amountOf, describeMutation } from '../../domain/describe-mutation.ts'
import { formatTime } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'

/** The oldest are sent first. The others are only counted. */
const SHOWN_MAX = 100

export function Pending() {
  const { device, status } = useWorkspace()
  // skipped mutations have a card of their own
  const count = device.pendingCount.value - device.queue.skipped.value.length
  const [oldest, setOldest] = useState<readonly OutboxEntry[]>([])
  const newest = device.history.value[0]
  useEffect(() => {
    let isCurrent = true
    void device.queue.oldest(SHOWN_MAX).then((entries) => isCurrent && setOldest(entries))
    return () => {
      isCurrent = false
    }
  }, [device, count, newest])
  if (count === 0) return null
  return (
    <Card
      title={t('tray.pending')}
      badge={<Tag tone="warn">{count}</Tag>}
      action={status.value.busy && <span class="soft small">{t('tray.sending')}</span>}
      flush
    >
      <RowList label={t('tray.pending')}>
        {oldest.map(({ envelope }) => {
          const { title, note } = describeMutation(device, envelope)
          return (
            <Row
              key={envelope.id}
              lead={formatTime(stampMs(envelope.at))}
              title={title}
              note={note}
              trail={<b class="num">{amountOf(envelope)}</b>}
            />
          )
        })}
      </RowList>
      {count > oldest.length && oldest.length > 0 && (
        <p class="tray-note soft">{t('tray.more', { count: count - oldest.length })}</p>
      )}
    </Card>
  )
}
