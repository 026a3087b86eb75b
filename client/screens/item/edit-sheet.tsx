// Edits an item. Sends only the changed fields, with the values that the person saw.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { ItemFields } from '../../components/item-fields.tsx'
import { changesOf, draftOf, errorsIn, type ItemErrors } from '../../domain/item-form.ts'
import { useDraft } from '../../context/use-draft.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'

export function EditSheet({ item, onClose }: { item: Item; onClose: () => void }) {
  const { device } = useWorkspace()
  // The item as the person saw it. Changes by others in the meantime are merged field by field.
  const [seen] = useState(item)
  const [draft, setDraft] = useState(() => draftOf(item))
  const [errors, setErrors] = useState<ItemErrors>({})
  const [problem, setProblem] = useState<string | undefined>(undefined)
  useDraft(true)
  const save = async () => {
    const invalid = errorsIn(draft)
    setErrors(invalid)
    if (Object.keys(invalid).length > 0) return
    const changes = changesOf(seen, draft)
    if (!changes) return onClose()
    const result = await device.record('item.update', { id: seen.id, ...changes })
    if (!result.saved) {
      setProblem(`${meaning(result.refusal.code).cause} ${meaning(result.refusal.code).remedy}`)
      return
    }
    onClose()
    showToast({ text: t('item.saved'), tone: 'good' })
  }
  return (
    <Sheet
      open
      title={t('item.editTitle')}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" onPress={() => void save()}>
            {t('item.save')}
          </Button>
        </>
      }
    >
      <ItemFields draft={draft} errors={errors} onChange={setDraft} />
      {problem && (
        <p role="alert" class="error-line">
          {problem}
        </p>
      )}
    </Sheet>
  )
}
