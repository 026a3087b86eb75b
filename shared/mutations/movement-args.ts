// What the movements have in common: where, how much, why; and what a movement checks before it posts. Keeps S1–S5.
import type { Book, Movement } from '../book/book.ts'
import { fieldStampsOf } from '../book/book.ts'
import type { Item, Location } from '../rows/rows.ts'
import { idSchema } from '../values/id.ts'
import { quantitySchema } from '../values/quantity.ts'
import type { Refusal } from '../values/refusals.ts'
import { refuse } from '../values/refusals.ts'
import { textSchema } from '../values/text.ts'
import type { Stamp, Wants } from './verb.ts'

export const lotSchema = textSchema(60).trim()

export const placeArgs = { itemId: idSchema, locationId: idSchema, lot: lotSchema.optional() }

export const movementArgs = {
  quantity: quantitySchema,
  reason: textSchema(60).optional(),
  reference: textSchema(120).optional(),
}

export function wantPlace({ itemId, locationIds }: { itemId: string; locationIds: string[] }, wants: Wants): void {
  wants.row('items', itemId)
  for (const id of locationIds) wants.row('locations', id)
}

/** The item and the location of a movement, or why it must wait. */
export function findPlace(
  book: Book,
  { itemId, locationId }: { itemId: string; locationId: string },
): { item: Item; location: Location } | Refusal {
  const item = book.row('items', itemId)
  if (!item) return refuse('depends_on_missing', { kind: 'items', id: itemId })
  const location = book.row('locations', locationId)
  if (!location) return refuse('depends_on_missing', { kind: 'locations', id: locationId })
  return { item, location }
}

/** Opens the reviews that a movement of this item asks for. The movement itself is a fact, and recorded. */
export function reviewItem(book: Book, item: Item, { lot, at }: { lot: string | undefined; at: string }): void {
  if (isArchivedBefore(item, at)) book.review('item_archived', { itemId: item.id })
  if (item.tracksLots && !lot) book.review('lot_missing', { itemId: item.id })
}

/** Opens the review that a movement at this place asks for. */
export function reviewLocation(book: Book, location: Location, at: string): void {
  if (isArchivedBefore(location, at)) book.review('location_archived', { locationId: location.id })
}

function isArchivedBefore(row: Item | Location, at: string): boolean {
  return row.archived && at > (fieldStampsOf(row).archived ?? '')
}

/** Posts a movement, and says so where a later count had absorbed it. */
export function postMovement(book: Book, by: { name: string; userId: string }, movement: Movement): void {
  if (book.post(by, movement) === 'absorbed') book.note('absorbed_by_count', { position: movement.position })
}

/** Refuses what the sender would rather not record than go below zero (`strict`). Quantities in thousandths. */
export function refuseShortage(
  book: Book,
  { position, quantity }: { position: string; quantity: number },
  { strict }: Stamp,
): Refusal | undefined {
  const there = book.position(position).quantity
  if (!strict || there >= quantity) return undefined
  return refuse('insufficient_stock', { available: there / 1000, wanted: quantity / 1000 })
}

/** The optional texts of a movement, for its line in the ledger. */
export function movementTexts({ reason, reference }: { reason?: string | undefined; reference?: string | undefined }) {
  return { ...(reason !== undefined && { reason }), ...(reference !== undefined && { reference }) }
}
