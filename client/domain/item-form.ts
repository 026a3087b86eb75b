// The fields of an item as a person types them, converted to the arguments of item.create and item.update.
import { toUnits } from '#shared/values/quantity.ts'
import type { Mutations } from '#shared/mutations/verbs.ts'
import type { Item } from '#shared/rows/rows.ts'
import { decimalSign, formatQuantity, parseQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'

export interface ItemDraft {
  name: string
  sku: string
  categoryId: string
  unit: string
  decimals: string
  cost: string
  low: string
  high: string
  target: string
  tracksLots: boolean
  notes: string
}

/** The fields of an item as the verbs name them. Levels and cost are in units. */
export type ItemFields = Omit<Mutations['item.create'], 'id' | 'barcodes'>

export type ItemErrors = Partial<Record<keyof ItemDraft, string>>

export function draftOf(item?: Item): ItemDraft {
  const level = (value: number | null | undefined) => (value === null || value === undefined ? '' : plain(value))
  return {
    name: item?.name ?? '',
    sku: item?.sku ?? '',
    categoryId: item?.categoryId ?? '',
    unit: item?.unit ?? 'pcs',
    decimals: String(item?.decimals ?? 0),
    cost: item === undefined || item.cost === null ? '' : String(item.cost).replace('.', decimalSign()),
    low: level(item?.low),
    high: level(item?.high),
    target: level(item?.target),
    tracksLots: item?.tracksLots ?? false,
    notes: item?.notes ?? '',
  }
}

/** The wrong fields, each with what to do about it. Empty if all are valid. */
export function errorsIn(draft: ItemDraft): ItemErrors {
  const errors: ItemErrors = {}
  if (draft.name.trim() === '') errors.name = t('form.nameMissing')
  if (draft.unit.trim() === '') errors.unit = t('form.unitMissing')
  for (const field of ['low', 'high', 'target'] as const) {
    const value = draft[field].trim() === '' ? 0 : parseQuantity(draft[field])
    if (value === undefined || value < 0) errors[field] = t('form.numberWanted', { example: `12${decimalSign()}5` })
  }
  if (costOf(draft) === undefined) errors.cost = t('form.numberWanted', { example: `12${decimalSign()}50` })
  const { low, high, target } = levelsOf(draft)
  if (low !== null && high !== null && high < low && !errors.high) errors.high = t('form.highBelowLow')
  if (low !== null && target !== null && target < low && !errors.target) errors.target = t('form.targetBelowLow')
  return errors
}

export function fieldsOf(draft: ItemDraft): ItemFields {
  const { low, high, target } = levelsOf(draft)
  return {
    name: draft.name.trim(),
    sku: draft.sku.trim() || null,
    categoryId: draft.categoryId || null,
    unit: draft.unit.trim(),
    decimals: Number(draft.decimals),
    cost: costOf(draft) ?? null,
    low,
    high,
    target,
    tracksLots: draft.tracksLots,
    notes: draft.notes.trim() || null,
  }
}

/** The changes to the item that the person saw: `set` and `base` of item.update. Undefined if there are none. */
export function changesOf(item: Item, draft: ItemDraft): Omit<Mutations['item.update'], 'id'> | undefined {
  const seen = fieldsOf(draftOf(item))
  const entered = fieldsOf(draft)
  const changed = (Object.keys(entered) as (keyof ItemFields)[]).filter((field) => entered[field] !== seen[field])
  if (changed.length === 0) return undefined
  const only = (fields: ItemFields): Partial<ItemFields> =>
    Object.fromEntries(changed.map((field) => [field, fields[field]]))
  return { set: only(entered), base: only(seen) }
}

function levelsOf(draft: ItemDraft) {
  const level = (text: string) => (text.trim() === '' ? null : toUnits(parseQuantity(text) ?? 0))
  return { low: level(draft.low), high: level(draft.high), target: level(draft.target) }
}

/** Up to four decimals. Null if empty, undefined if it is not a number. */
function costOf({ cost }: ItemDraft): number | null | undefined {
  const text = cost.trim().replace(',', '.')
  if (text === '') return null
  return /^\d+(\.\d{0,4})?$/.test(text) ? Number(text) : undefined
}

function plain(thousandths: number): string {
  return formatQuantity(thousandths).replaceAll(/[\s\u00a0\u202f'’]/g, '')
}
