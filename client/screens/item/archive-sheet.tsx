import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'

/** Archives or restores an item. An archived item keeps its stock and history; the sheet shows how much is left. */
export function ArchiveSheet({ item, onClose }: { item: Item; onClose: () => void }) {
  const { device } = useWorkspace()
  const total = device.queries.totalOf(item.id)
  const archive = async () => {
    const result = await device.record(item.archived ? 'item.restore' : 'item.archive', { id: item.id })
    onClose()
    if (result.saved) showToast({ text: t(item.archived ? 'item.restored' : 'item.archivedNow'), tone: 'good' })
    else showToast({ text: meaning(result.refusal.code).cause, tone: 'bad' })
  }
  return (
    <Sheet
      open
      strict
      title={t(item.archived ? 'item.restoreTitle' : 'item.archiveTitle', { item: item.name })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind={item.archived ? 'primary' : 'danger'} onPress={() => void archive()}>
            {t(item.archived ? 'item.restore' : 'item.archive')}
          </Button>
        </>
      }
    >
      <p>{t(item.archived ? 'item.restoreHint' : 'item.archiveHint')}</p>
      {!item.archived && total !== 0 && (
        <p class="warn-line">{t('item.archiveStock', { quantity: formatQuantity(total, item) })}</p>
      )}
    </Sheet>
  )
}
