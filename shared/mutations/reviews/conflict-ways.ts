// What taking the other value of a review does. Keeps M6, M8.
import type { RecordedArgs } from '../args.ts'
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { Conflict } from '../../rows/rows.ts'
import { toUnits } from '../../values/quantity.ts'

export interface RecordedMutation {
  id: string
  name: string
  /** As they were recorded, perhaps by another version. */
  args: RecordedArgs
  at: string
  strict?: boolean
}

/** The mutation that a conflict stores. */
export function mutationOf({ mutation }: Conflict): RecordedMutation {
  return JSON.parse(mutation) as RecordedMutation
}

/** A verb with arguments, to be decided on behalf of the person who resolves the review. */
export interface RecordedStep {
  name: string
  args: unknown
  /** Returns false if the row has changed since the review was opened. The step is skipped then. */
  isDue?: (rows: WorkingSet) => boolean
}

type Detail = NonNullable<Conflict['detail']>

/** The other value of each kind of review. Reviews that are not listed only ask a person to look. */
const OTHER_SIDE: Partial<Record<string, (detail: Detail, mutation: RecordedMutation) => RecordedStep[]>> = {
  // A mutation that was sent again is recorded as its resolution, so only the review knows the verb.
  field_clash: ({ id, verb, field, lost }, { name }) => [
    {
      name: typeof verb === 'string' ? verb : name,
      args: { id, set: { [String(field)]: inUnits(String(field), lost) }, base: {} },
    },
  ],
  sku_taken: ({ id, ownerId, sku }) => [
    {
      name: 'item.update',
      args: { id: ownerId, set: { sku: null }, base: {} },
      isDue: (rows) => rows.row('items', String(ownerId))?.sku === sku,
    },
    { name: 'item.update', args: { id, set: { sku }, base: {} } },
  ],
  barcode_taken: ({ code, itemId, ownerId, packQuantity }) => [
    {
      name: 'barcode.detach',
      args: { itemId: ownerId, code },
      isDue: (rows) => rows.row('barcodes', String(code))?.itemId === ownerId,
    },
    { name: 'barcode.attach', args: { itemId, code, ...(packQuantity !== undefined && { packQuantity }) } },
  ],
  location_barcode_taken: ({ id, ownerId, barcode }) => [
    {
      name: 'location.update',
      args: { id: ownerId, set: { barcode: null }, base: {} },
      isDue: (rows) => rows.row('locations', String(ownerId))?.barcode === barcode,
    },
    { name: 'location.update', args: { id, set: { barcode }, base: {} } },
  ],
  item_archived: ({ itemId }) => [{ name: 'item.restore', args: { id: itemId } }],
  location_archived: ({ locationId }) => [{ name: 'location.restore', args: { id: locationId } }],
  expiry_differs: ({ itemId, lot, lost }) => [{ name: 'lot.correct', args: { itemId, lot, expiresOn: lost } }],
}

/** The steps that apply the other value of a review. Returns undefined if it has none. */
export function otherSide(conflict: Conflict): RecordedStep[] | undefined {
  if (conflict.kind !== 'review' || conflict.detail === null) return undefined
  return OTHER_SIDE[conflict.code]?.(conflict.detail, mutationOf(conflict))
}

const LEVELS = new Set(['low', 'high', 'target'])

/** Levels are thousandths in rows and units in arguments. */
function inUnits(field: string, value: unknown): unknown {
  return LEVELS.has(field) && typeof value === 'number' ? toUnits(value) : value
}
