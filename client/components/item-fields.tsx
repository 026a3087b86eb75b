// The fields of an item, for creating or editing one.
import { t } from '../strings/strings.ts'
import { ChoiceField, Field, SwitchField } from '../ui/controls/field.tsx'
import { useWorkspace } from '../context/workspace.ts'
import type { ItemDraft, ItemErrors } from '../domain/item-form.ts'

type Props = {
  readonly draft: ItemDraft
  readonly errors: ItemErrors
  readonly onChange: (draft: ItemDraft) => void
  /** Shows only the fields that a new item needs at once. */
  readonly brief?: boolean | undefined
}

export function ItemFields({ draft, errors, onChange, brief = false }: Props) {
  const { device } = useWorkspace()
  const set = (changed: Partial<ItemDraft>) => onChange({ ...draft, ...changed })
  const text = (field: 'name' | 'sku' | 'unit' | 'cost' | 'low' | 'high' | 'target') => ({
    value: draft[field],
    error: errors[field],
    onInput: (value: string) => set({ [field]: value }),
  })
  const categories = device.queries
    .tree('categories')
    .filter(({ archived, id }) => !archived || id === draft.categoryId)
    .map(({ id }) => ({ value: id, label: device.queries.path('categories', id).join(' › ') }))
  return (
    <>
      <Field label={t('field.name')} {...text('name')} required maxLength={300} autoFocus />
      <div class="pair">
        <Field label={t('field.sku')} {...text('sku')} maxLength={64} />
        <Field label={t('field.unit')} {...text('unit')} maxLength={20} hint={t('field.unitHint')} />
      </div>
      {categories.length > 0 && (
        <ChoiceField
          label={t('field.category')}
          value={draft.categoryId}
          options={[{ value: '', label: t('field.noCategory') }, ...categories]}
          onChange={(categoryId) => set({ categoryId })}
        />
      )}
      {!brief && (
        <>
          <div class="pair">
            <Field label={t('field.low')} kind="number" {...text('low')} hint={t('field.lowHint')} />
            <Field label={t('field.target')} kind="number" {...text('target')} hint={t('field.targetHint')} />
          </div>
          <div class="pair">
            <Field label={t('field.high')} kind="number" {...text('high')} />
            <Field label={t('field.cost')} kind="number" {...text('cost')} />
          </div>
          <ChoiceField
            label={t('field.decimals')}
            value={draft.decimals}
            options={['0', '1', '2', '3'].map((value) => ({ value, label: value }))}
            onChange={(decimals) => set({ decimals })}
          />
        </>
      )}
      <SwitchField
        label={t('field.tracksLots')}
        hint={t('field.tracksLotsHint')}
        on={draft.tracksLots}
        onChange={(tracksLots) => set({ tracksLots })}
      />
      {!brief && (
        <Field
          label={t('field.notes')}
          kind="multiline"
          value={draft.notes}
          onInput={(notes) => set({ notes })}
          maxLength={4000}
        />
      )}
    </>
  )
}
