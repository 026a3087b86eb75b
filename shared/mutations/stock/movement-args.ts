// What the movements have in common: where, how much, why; and what a movement checks before it posts. Keeps S1–S5.
import type { Book, Moved, Movement } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { Item, Location } from '../../rows/rows.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { idSchema } from '../../values/id.ts'
import { quantitySchema } from '../../values/quantity.ts'
import type { Refusal } from '../../values/refusals.ts'
import { refuse } from '../../values/refusals.ts'
import { parseStamp } from '../../values/stamp.ts'
import { textSchema } from '../../values/text.ts'
import type { Stamp, Wants } from '../verb.ts'

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
  if (isArchivedBefore(item, at)) askToRestore(book, 'items', item.id)
  if (item.tracksLots && !lot) book.review('lot_missing', { itemId: item.id })
}

/** Opens the review that a movement at this place asks for. */
export function reviewLocation(book: Book, location: Location, at: string): void {
  if (isArchivedBefore(location, at)) askToRestore(book, 'locations', location.id)
}

/** Under which name an archived row keeps the archiving that somebody was asked about. */
const ASKED = 'asked'

/** A hundred movements on one archived row are one question: whether to restore it. */
export function askToRestore(book: Book, kind: Moved, id: string): void {
  const row = book.row(kind, id)
  if (!row) return
  const stamps = fieldStampsOf(row)
  const code = kind === 'items' ? 'item_archived' : 'location_archived'
  const detail = kind === 'items' ? { itemId: row.id } : { locationId: row.id }
  // Only the server knows the stamps, and so whether somebody was asked already.
  if (stamps.archived !== undefined && stamps[ASKED] === stamps.archived) return book.note(code, detail)
  book.review(code, detail)
  if (stamps.archived === undefined) return
  book.put(kind, { ...row, [FIELD_STAMPS]: { ...stamps, [ASKED]: stamps.archived } })
}

function isArchivedBefore(row: Item | Location, at: string): boolean {
  return row.archived && at > (fieldStampsOf(row).archived ?? '')
}

/** Posts a movement, and says so where a later count had absorbed it, or where its place in time wants a person's eye. */
export function postMovement(book: Book, by: { name: string; userId: string }, movement: Movement): void {
  if (movement.kind === 'count') reviewCount(book, movement)
  else reviewAgainstCount(book, movement)
  if (book.post(by, movement) === 'absorbed') book.note('absorbed_by_count', { position: movement.position })
}

/** What was moved while a shelf was counted may or may not be in the count: nobody but the counter knows. */
function reviewCount(book: Book, { position, entry, since, seen = 0 }: Movement): void {
  const standing = book.history(position).filter((one) => !one.void)
  const deltas = standing.filter(({ kind }) => kind === 'delta')
  const during = since === undefined ? [] : deltas.filter(({ at }) => at > since && at < entry.at)
  if (during.length > 0) {
    const quantity = during.reduce((sum, { amount }) => sum + amount, 0) / 1000
    book.review('moved_during_count', { position, since, at: entry.at, quantity })
  }
  // What whoever counted had on their screen came before the count, whatever the clocks said.
  const unseen = standing.filter(({ version = Number.POSITIVE_INFINITY }) => version > seen)
  if (unseen.some((one) => crossed(one, entry.at))) book.review('clock_crossed_count', { position, at: entry.at })
  else reviewCrossing(book, { position, entry, seen })
}

function reviewAgainstCount(book: Book, { position, entry, seen = 0 }: Movement): void {
  const { countedAt, countedSince } = book.position(position)
  if (countedAt === null) return
  if (countedSince !== null && entry.at > countedSince && entry.at < countedAt) {
    const quantity = entry.amount / 1000
    book.review('moved_during_count', { position, since: countedSince, at: countedAt, quantity })
  }
  reviewCrossing(book, { position, entry, seen })
}

/** Of what has a count on its position, put on its other side by correcting a clock. */
function reviewCrossing(book: Book, { position, entry, seen }: Pick<Movement, 'position' | 'entry' | 'seen'>): void {
  const { countedAt } = book.position(position)
  // Whoever had the count on their screen moved, or counted, after that.
  if (countedAt === null || book.isCountSeen(position, seen ?? 0)) return
  if (crossed(entry, countedAt)) book.review('clock_crossed_count', { position, at: countedAt })
}

/** True where correcting a device's clock put its movement, or count, on the other side of another device's count. */
function crossed({ at, madeAt = at }: { at: string; madeAt?: string }, countAt: string): boolean {
  return at < countAt !== madeAt < countAt && parseStamp(at).device !== parseStamp(countAt).device
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
