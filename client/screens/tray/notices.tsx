// Problems with storing and sending, what they mean for the work on this device, and what to do about them.
import type { ComponentChildren } from 'preact'
import { t } from '../../strings/strings.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { isStorageLow } from '../../context/storage-quota.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import { amountOf, describeMutation } from '../../domain/describe-mutation.ts'

export function Notices() {
  const { device, status } = useWorkspace()
  const { link: state } = status.value
  const loss = device.recovery.loss.value
  return (
    <>
      {state === 'storage' && <Notice text={t('notice.storage')} />}
      {state === 'limited' && <Notice text={t('notice.limited')} />}
      {state === 'outdated' && <Notice text={t('notice.outdated')} />}
      {device.offlineMode.isUnsaved.value && <Notice text={t('notice.pauseUnkept')} />}
      {isStorageLow.value && <Notice text={t('notice.room')} />}
      {loss && (
        <Notice
          text={t(`notice.loss.${loss}`)}
          action={<Button onPress={() => (device.recovery.loss.value = undefined)}>{t('notice.seen')}</Button>}
        />
      )}
      <Skipped />
    </>
  )
}

function Notice({ text, action }: { text: string; action?: ComponentChildren }) {
  return (
    <div class="warn-line tray-notice" role="status">
      <p>{text}</p>
      {action}
    </div>
  )
}

/** Mutations that are too large for the network path. */
function Skipped() {
  const { device } = useWorkspace()
  const entries = device.queue.skipped.value
  if (entries.length === 0) return null
  return (
    <Card title={t('tray.aside')} badge={<Tag tone="bad">{entries.length}</Tag>} flush>
      <RowList label={t('tray.aside')}>
        {entries.map(({ envelope }) => {
          const { title, note } = describeMutation(device, envelope)
          return <Row key={envelope.id} title={title} note={note} trail={<b class="num">{amountOf(envelope)}</b>} />
        })}
      </RowList>
      <div class="tray-note stack">
        <p class="soft">{t('tray.asideHint')}</p>
        <Button onPress={() => void device.queue.retrySkipped()}>{t('tray.asideAgain')}</Button>
      </div>
    </Card>
  )
}
