// What the movements have in common: where, how much, why; and what a movement checks before it posts. Keeps S1–S5.
import * as z from 'zod/mini'
import type { WorkingSet, MovedKind, LedgerEntry } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { Item, Location } from '../../rows/rows.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { idSchema } from '../../values/id.ts'
import { quantitySchema } from '../../values/quantity.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { parseStamp } from '../../values/stamp.ts'
import { textSchema } from '../../values/text.ts'
import type { DecideContext, ReadPlan } from '../verb.ts'

export const lotSchema = textSchema(60).check(z.trim())

export const locationArgs = { itemId: idSchema, locationId: idSchema, lot: z.optional(lotSchema) }

export const movementArgs = {
  quantity: quantitySchema,
  reason: z.optional(textSchema(60)),
  reference: z.optional(textSchema(120)),
}

export function planLocationReads(
  { itemId, locationIds }: { itemId: string; locationIds: string[] },
  plan: ReadPlan,
): void {
  plan.row('items', itemId)
  for (const id of locationIds) plan.row('locations', id)
}

/** The item and the location of a movement, or why it must wait. */
export function findLocation(
  rows: WorkingSet,
  { itemId, locationId }: { itemId: string; locationId: string },
): { item: Item; location: Location } | Refusal<'depends_on_missing'> {
  const item = rows.row('items', itemId)
  if (!item) return refuse('depends_on_missing', { kind: 'items', id: itemId })
  const location = rows.row('locations', locationId)
  if (!location) return refuse('depends_on_missing', { kind: 'locations', id: locationId })
  return { item, location }
}

/** Opens the reviews that a movement of this item asks for. The movement itself is a fact, and recorded. */
export function reviewItem(rows: WorkingSet, item: Item, { lot, at }: { lot: string | undefined; at: string }): void {
  if (isArchivedBefore(item, at)) askToRestore(rows, 'items', item.id)
  if (item.tracksLots && !lot) rows.review('lot_missing', { itemId: item.id })
}

/** Opens the review that a movement at this place asks for. */
export function reviewLocation(rows: WorkingSet, location: Location, at: string): void {
  if (isArchivedBefore(location, at)) askToRestore(rows, 'locations', location.id)
}

/** Under which name an archived row keeps the archiving that somebody was asked about. */
const ASKED = 'asked'

/** A hundred movements on one archived row are one question: whether to restore it. */
export function askToRestore(rows: WorkingSet, kind: MovedKind, id: string): void {
  const row = rows.row(kind, id)
  if (!row) return
  const stamps = fieldStampsOf(row)
  const code = kind === 'items' ? 'item_archived' : 'location_archived'
  const detail = kind === 'items' ? { itemId: row.id } : { locationId: row.id }
  // Only the server knows the stamps, and so whether somebody was asked already.
  if (stamps.archived !== undefined && stamps[ASKED] === stamps.archived) return rows.note(code, detail)
  rows.review(code, detail)
  if (stamps.archived === undefined) return
  rows.put(kind, { ...row, [FIELD_STAMPS]: { ...stamps, [ASKED]: stamps.archived } })
}

function isArchivedBefore(row: Item | Location, at: string): boolean {
  return row.archived && at > (fieldStampsOf(row).archived ?? '')
}

/** Posts a movement, and says so where a later count had absorbed it, or where its place in time wants a person's eye. */
export function postMovement(rows: WorkingSet, by: { name: string; userId: string }, movement: LedgerEntry): void {
  if (movement.kind === 'count') reviewCount(rows, movement)
  else reviewAgainstCount(rows, movement)
  if (rows.post(by, movement) === 'absorbed') rows.note('absorbed_by_count', { position: movement.position })
}

/** What was moved while a shelf was counted may or may not be in the count: nobody but the counter knows. */
function reviewCount(rows: WorkingSet, { position, entry, since, seen = 0 }: LedgerEntry): void {
  const standing = rows.history(position).filter((one) => !one.void)
  const deltas = standing.filter(({ kind }) => kind === 'delta')
  const during = since === undefined ? [] : deltas.filter(({ at }) => at > since && at < entry.at)
  if (during.length > 0) {
    const quantity = during.reduce((sum, { amount }) => sum + amount, 0) / 1000
    rows.review('moved_during_count', { position, since, at: entry.at, quantity })
  }
  // What whoever counted had on their screen came before the count, whatever the clocks said.
  const unseen = standing.filter(({ version = Number.POSITIVE_INFINITY }) => version > seen)
  if (unseen.some((one) => crossed(one, entry.at))) rows.review('clock_crossed_count', { position, at: entry.at })
  else reviewCrossing(rows, { position, entry, seen })
}

function reviewAgainstCount(rows: WorkingSet, { position, entry, seen = 0 }: LedgerEntry): void {
  const { countedAt, countedSince } = rows.position(position)
  if (countedAt === null) return
  if (countedSince !== null && entry.at > countedSince && entry.at < countedAt) {
    const quantity = entry.amount / 1000
    rows.review('moved_during_count', { position, since: countedSince, at: countedAt, quantity })
  }
  reviewCrossing(rows, { position, entry, seen })
}

/** Of what has a count on its position, put on its other side by correcting a clock. */
function reviewCrossing(
  rows: WorkingSet,
  { position, entry, seen }: Pick<LedgerEntry, 'position' | 'entry' | 'seen'>,
): void {
  const { countedAt } = rows.position(position)
  // Whoever had the count on their screen moved, or counted, after that.
  if (countedAt === null || rows.isCountSeen(position, seen ?? 0)) return
  if (crossed(entry, countedAt)) rows.review('clock_crossed_count', { position, at: countedAt })
}

/** True where correcting a device's clock put its movement, or count, on the other side of another device's count. */
function crossed({ at, madeAt = at }: { at: string; madeAt?: string }, countAt: string): boolean {
  return at < countAt !== madeAt < countAt && parseStamp(at).device !== parseStamp(countAt).device
}

/** Refuses what the sender would rather not record than go below zero (`strict`). Quantities in thousandths. */
export function refuseShortage(
  rows: WorkingSet,
  { position, quantity }: { position: string; quantity: number },
  { strict }: DecideContext,
): Refusal<'insufficient_stock'> | undefined {
  const there = rows.position(position).quantity
  if (!strict || there >= quantity) return undefined
  return refuse('insufficient_stock', { available: there / 1000, wanted: quantity / 1000 })
}

/** The optional texts of a movement, for its line in the ledger. */
export function movementTexts({ reason, reference }: { reason?: string | undefined; reference?: string | undefined }) {
  return { ...(reason !== undefined && { reason }), ...(reference !== undefined && { reference }) }
}
