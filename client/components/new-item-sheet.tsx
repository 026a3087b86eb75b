// Creates an item, with the code that was scanned.
import { useState } from 'preact/hooks'
import { printedCode } from '#shared/values/gtin.ts'
import { meaning, t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { ItemFields } from './item-fields.tsx'
import { draftOf, errorsIn, fieldsOf, type ItemErrors } from '../domain/item-form.ts'
import { createItem } from '../domain/unresolved-scans.ts'
import { useDraft } from '../context/use-draft.ts'

type Props = {
  readonly code?: string | undefined
  readonly onClose: () => void
  readonly onDone: (item: { id: string; name: string }) => void
}

export function NewItemSheet({ code, onClose, onDone }: Props) {
  const { device } = useWorkspace()
  const [draft, setDraft] = useState(draftOf())
  const [errors, setErrors] = useState<ItemErrors>({})
  const [refused, setRefused] = useState<string | undefined>(undefined)
  useDraft(true)
  const create = async () => {
    const invalid = errorsIn(draft)
    setErrors(invalid)
    if (Object.keys(invalid).length > 0) return
    const created = await createItem(device, { fields: fieldsOf(draft), code })
    if ('id' in created) onDone({ id: created.id, name: draft.name.trim() })
    else setRefused(`${meaning(created.refusal.code).cause} ${meaning(created.refusal.code).remedy}`)
  }
  return (
    <Sheet
      open
      title={t('newItem.title')}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" type="submit" onPress={() => void create()}>
            {t('newItem.create')}
          </Button>
        </>
      }
    >
      {code && <p class="soft">{t('newItem.withCode', { code: printedCode(code) })}</p>}
      <ItemFields draft={draft} errors={errors} onChange={setDraft} brief={code !== undefined} />
      {refused && (
        <p role="alert" class="error-line">
          {refused}
        </p>
      )}
    </Sheet>
  )
}
