// The ways out of refusals and reviews: which choices there are, and what taking the other side of a review does. M6, M9.
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { Conflict } from '../../rows/rows.ts'

export interface RecordedMutation {
  id: string
  name: string
  args: Record<string, unknown>
  at: string
  strict?: boolean
}

/** A mutation as its conflict keeps it. */
export function mutationOf({ mutation }: Conflict): RecordedMutation {
  return JSON.parse(mutation) as RecordedMutation
}

/** A verb with arguments, to be decided in somebody's stead. */
export interface RecordedStep {
  name: string
  args: unknown
  /** False where what it would change is no longer as the review found it: then it is left alone. */
  isDue?: (rows: WorkingSet) => boolean
}

type Detail = Record<string, unknown>

/** What each review offers instead of what stands. Reviews that are not here only ask to be looked at. */
const OTHER_SIDE: Partial<Record<string, (detail: Detail, mutation: RecordedMutation) => RecordedStep[]>> = {
  // One that was sent again is recorded as its resolution: only the review knows the verb then.
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

/** The steps that take the other side of a review; undefined where it has none. */
export function otherSide(conflict: Conflict): RecordedStep[] | undefined {
  if (conflict.kind !== 'review' || conflict.detail === null) return undefined
  return OTHER_SIDE[conflict.code]?.(conflict.detail, mutationOf(conflict))
}

const LEVELS = new Set(['low', 'high', 'target'])

/** Rows keep levels in thousandths, arguments name them in units. */
function inUnits(field: string, value: unknown): unknown {
  return LEVELS.has(field) && typeof value === 'number' ? value / 1000 : value
}
