// The arguments and checks that all movements share. Keeps S1–S5.
import * as z from 'zod/mini'
import type { WorkingSet, MovedKind, LedgerEntry } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { Item, Location } from '../../rows/rows.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { type ItemId, type LocationId, idOf } from '../../values/id.ts'
import { quantitySchema, type Thousandths, toUnits } from '../../values/quantity.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { parseStamp } from '../../values/stamp.ts'
import { textSchema } from '../../values/text.ts'
import type { DecideContext, ReadPlan } from '../verb.ts'

export const lotSchema = textSchema(60).check(z.trim())

export const locationArgs = { itemId: idOf<ItemId>(), locationId: idOf<LocationId>(), lot: z.optional(lotSchema) }

export const movementArgs = {
  quantity: quantitySchema,
  reason: z.optional(textSchema(60)),
  reference: z.optional(textSchema(120)),
}

export function planLocationReads(
  { itemId, locationIds }: { itemId: ItemId; locationIds: LocationId[] },
  plan: ReadPlan,
): void {
  plan.row('items', itemId)
  for (const id of locationIds) plan.row('locations', id)
}

/** The item and the location of a movement, or the refusal if one of them does not exist yet. */
export function findLocation(
  rows: WorkingSet,
  { itemId, locationId }: { itemId: ItemId; locationId: LocationId },
): { item: Item; location: Location } | Refusal<'depends_on_missing'> {
  const item = rows.row('items', itemId)
  if (!item) return refuse('depends_on_missing', { kind: 'items', id: itemId })
  const location = rows.row('locations', locationId)
  if (!location) return refuse('depends_on_missing', { kind: 'locations', id: locationId })
  return { item, location }
}

/** Opens the reviews that a movement of this item needs. The movement itself is a fact and is recorded. */
export function reviewItem(rows: WorkingSet, item: Item, { lot, at }: { lot: string | undefined; at: string }): void {
  if (isArchivedBefore(item, at)) askToRestore(rows, 'items', item.id)
  if (item.tracksLots && !lot) rows.review('lot_missing', { itemId: item.id })
}

/** Opens the review that a movement at this location needs. */
export function reviewLocation(rows: WorkingSet, location: Location, at: string): void {
  if (isArchivedBefore(location, at)) askToRestore(rows, 'locations', location.id)
}

/** The name under which an archived row stores the stamp of the archiving that a review was opened for. */
const ASKED = 'asked'

/** Opens one review for all movements on an archived row: whether to restore it. */
export function askToRestore(rows: WorkingSet, kind: MovedKind, id: string): void {
  const row = rows.row(kind, id)
  if (!row) return
  const stamps = fieldStampsOf(row)
  const code = kind === 'items' ? 'item_archived' : 'location_archived'
  const detail = kind === 'items' ? { itemId: row.id } : { locationId: row.id }
  // Only the server has the stamps, so only it knows whether a review is open already.
  if (stamps.archived !== undefined && stamps[ASKED] === stamps.archived) return rows.note(code, detail)
  rows.review(code, detail)
  if (stamps.archived === undefined) return
  rows.put(kind, { ...row, [FIELD_STAMPS]: { ...stamps, [ASKED]: stamps.archived } })
}

function isArchivedBefore(row: Item | Location, at: string): boolean {
  return row.archived && at > (fieldStampsOf(row).archived ?? '')
}

/** Posts a movement. Adds a note if a later count absorbed it, and opens a review if its time is doubtful. */
export function postMovement(rows: WorkingSet, by: { name: string; userId: string }, movement: LedgerEntry): void {
  if (movement.kind === 'count') reviewCount(rows, movement)
  else reviewAgainstCount(rows, movement)
  if (rows.post(by, movement) === 'absorbed') rows.note('absorbed_by_count', { position: movement.position })
}

/** A movement during a count may or may not be included in it. Only the counter knows. */
function reviewCount(rows: WorkingSet, { position, entry, since, seen = 0 }: LedgerEntry): void {
  const valid = rows.history(position).filter((one) => !one.void)
  const deltas = valid.filter(({ kind }) => kind === 'delta')
  const during = since === undefined ? [] : deltas.filter(({ at }) => at > since && at < entry.at)
  if (during.length > 0) {
    const quantity = toUnits(during.reduce((sum, { amount }) => sum + amount, 0))
    rows.review('moved_during_count', { position, since, at: entry.at, quantity })
  }
  // Entries that the counter had on the screen came before the count, whatever the clocks say.
  const unseen = valid.filter(({ version = Number.POSITIVE_INFINITY }) => version > seen)
  if (unseen.some((one) => crossed(one, entry.at))) rows.review('clock_crossed_count', { position, at: entry.at })
  else reviewCrossing(rows, { position, entry, seen })
}

function reviewAgainstCount(rows: WorkingSet, { position, entry, seen = 0 }: LedgerEntry): void {
  const { countedAt, countedSince } = rows.position(position)
  if (countedAt === null) return
  if (countedSince !== null && entry.at > countedSince && entry.at < countedAt) {
    const quantity = toUnits(entry.amount)
    rows.review('moved_during_count', { position, since: countedSince, at: countedAt, quantity })
  }
  reviewCrossing(rows, { position, entry, seen })
}

/** Opens a review if correcting the clock moved this entry across the count of its position. */
function reviewCrossing(
  rows: WorkingSet,
  { position, entry, seen }: Pick<LedgerEntry, 'position' | 'entry' | 'seen'>,
): void {
  const { countedAt } = rows.position(position)
  // A person who had the count on the screen moved or counted after it.
  if (countedAt === null || rows.isCountSeen(position, seen ?? 0)) return
  if (crossed(entry, countedAt)) rows.review('clock_crossed_count', { position, at: countedAt })
}

/** Returns whether correcting a device's clock moved its entry across another device's count. */
function crossed({ at, madeAt = at }: { at: string; madeAt?: string }, countAt: string): boolean {
  return at < countAt !== madeAt < countAt && parseStamp(at).device !== parseStamp(countAt).device
}

/** Refuses a strict movement of more than is there. Quantities are in thousandths. */
export function refuseShortage(
  rows: WorkingSet,
  { position, quantity }: { position: string; quantity: Thousandths },
  { strict }: DecideContext,
): Refusal<'insufficient_stock'> | undefined {
  const there = rows.position(position).quantity
  if (!strict || there >= quantity) return undefined
  return refuse('insufficient_stock', { available: toUnits(there), wanted: toUnits(quantity) })
}

/** The optional texts of a movement, for its ledger entry. */
export function movementTexts({ reason, reference }: { reason?: string | undefined; reference?: string | undefined }) {
  return { ...(reason !== undefined && { reason }), ...(reference !== undefined && { reference }) }
}
