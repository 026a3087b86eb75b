// Unresolved scans, and the ways to resolve them: attach the code to an item, create an item for it, record the
// movement of the scan, or dismiss it.
import { toUnits } from '#shared/values/quantity.ts'
import { canonicalCode } from '#shared/values/gtin.ts'
import type { Item } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'
import type { ScanRecord } from '../device/records.ts'
import type { Device } from '../device/device.ts'
import type { ItemFields } from './item-form.ts'
import type { CountDraftStore } from './count-drafts.ts'
import { openCountDrafts } from './count-drafts.ts'
import type { Movement, MovementKind } from './movement.ts'
import { recordMovement, refusalOf, shortageOf } from './movement.ts'
import { readScan } from './read-scan.ts'

/** All unresolved scans of a code, oldest first. */
export function scansOfCode(device: Device, code: string): ScanRecord[] {
  const canonical = canonicalCode(code)
  const hasCode = (scan: ScanRecord) => {
    if (canonicalCode(scan.code) === canonical) return true
    const read = readScan(device.queries, scan, new Date(scan.at))
    if (read.kind === 'unknown') return canonicalCode(read.code) === canonical
    const owner = device.queries.find(code)
    return read.kind === 'item' && owner.kind === 'item' && owner.item.id === read.item.id
  }
  return device.scans.unresolved.value.filter(hasCode).toReversed()
}

/** The movement of an unresolved scan whose code is known now. Undefined if a person has to enter it again. */
export function movementOf(device: Device, scan: ScanRecord): Movement | undefined {
  const { mode, locationId } = scan
  if ((mode !== 'receive' && mode !== 'withdraw') || locationId === null) return undefined
  const read = readScan(device.queries, scan, new Date(scan.at))
  if (read.kind !== 'item' || (read.item.tracksLots && !read.lot)) return undefined
  const { item, quantity, lot, expiresOn } = read
  return { kind: mode, itemId: item.id, locationId, quantity, lot, expiresOn }
}

/** What a person adds if the scan does not contain it. */
export interface ScanAnswers {
  locationId?: string
  lot?: string
  expiresOn?: string | undefined
  toLocationId?: string
}

/** Scans that are recorded together, as the movement of the mode in which they were made. */
export interface ScanProposal {
  item: Item
  /** The movement of all scans together. A move starts at the time of the first. */
  movement: Movement
  scans: readonly ScanRecord[]
  /** What a person has to enter first. */
  missing: 'location' | 'lot' | 'destination' | undefined
}

/**
 * The proposals for an unresolved scan: alone, and together with all equal ones. A count is always its whole draft,
 * because a part of it would be a wrong count.
 */
export function proposalsFor(
  device: Device,
  scan: ScanRecord,
  { countDrafts, answers }: { countDrafts: CountDraftStore; answers: ScanAnswers },
): ScanProposal[] {
  const { mode } = scan
  if (!isKind(mode)) return []
  const draft =
    mode === 'count' && openCountDrafts(device, countDrafts).drafts.find(({ scanIds }) => scanIds.includes(scan.id))
  if (draft) {
    const scans = device.scans.unresolved.value.filter(({ id }) => draft.scanIds.includes(id)).toReversed()
    const item = device.queries.item(draft.itemId)
    const { itemId, locationId, lot, quantity, since: begunAtMs } = draft
    const movement: Movement = { kind: 'count', itemId, locationId, lot, quantity, begunAtMs }
    return item ? [{ item, movement, scans, missing: undefined }] : []
  }
  const equal = device.scans.unresolved.value.filter((other) => isSameMovement(device, scan, other)).toReversed()
  const groups = mode === 'count' || equal.length === 1 ? [equal] : [[scan], equal]
  return groups.map((scans) => proposalOf(device, scans, answers)).filter((proposal) => proposal !== undefined)
}

function proposalOf(device: Device, scans: readonly ScanRecord[], answers: ScanAnswers): ScanProposal | undefined {
  const [first] = scans
  const reads = scans
    .map((scan) => readScan(device.queries, scan, new Date(scan.at)))
    .filter((read) => read.kind === 'item')
  const [read] = reads
  if (!first || !read || !isKind(first.mode)) return undefined
  const { item } = read
  const locationId = first.locationId ?? answers.locationId
  const lot = item.tracksLots ? read.lot || answers.lot : ''
  const isMove = first.mode === 'move'
  const needsLocation = locationId === undefined ? 'location' : undefined
  const needsLot = lot === undefined ? 'lot' : undefined
  const needsDestination = isMove && answers.toLocationId === undefined ? 'destination' : undefined
  const movement: Movement = {
    kind: first.mode,
    itemId: item.id,
    locationId: locationId ?? '',
    lot,
    expiresOn: read.expiresOn ?? answers.expiresOn,
    quantity: reads.reduce((sum, { quantity }) => sum + quantity, 0),
    toLocationId: answers.toLocationId,
    begunAtMs: first.at,
  }
  return { item, movement, scans, missing: needsLocation ?? needsLot ?? needsDestination }
}

/** Returns true if both scans have the same item, lot, mode and location. */
function isSameMovement(device: Device, scan: ScanRecord, other: ScanRecord): boolean {
  if (scan.mode !== other.mode || scan.locationId !== other.locationId) return false
  const [one, two] = [scan, other].map((each) => readScan(device.queries, each, new Date(each.at)))
  return one?.kind === 'item' && two?.kind === 'item' && one.item.id === two.item.id && one.lot === two.lot
}

function isKind(mode: string): mode is MovementKind {
  return mode === 'receive' || mode === 'withdraw' || mode === 'move' || mode === 'count'
}

/**
 * Records a proposal. Each scan becomes a mutation, except that the scans of a count become one. Stops at a refusal,
 * and skips scans that another tab or the scan screen has resolved in the meantime. Returns how many scans it recorded.
 */
export async function recordProposal(
  device: Device,
  { movement, scans }: ScanProposal,
): Promise<{ recorded: number; refusal?: Refusal }> {
  const isOpen = (scan: ScanRecord) => device.scans.unresolved.value.some(({ id }) => id === scan.id)
  if (movement.kind === 'count') {
    const [first, ...others] = scans
    if (!first || !isOpen(first)) return { recorded: 0 } // a count is identified by its first scan
    const outcome = await recordMovement(device, movement, first.id)
    if (!outcome.saved) return { recorded: 0, refusal: outcome.refusal }
    await device.scans.resolve(...others.map(({ id }) => id))
    return { recorded: scans.length }
  }
  let recorded = 0
  for (const scan of scans) {
    const read = readScan(device.queries, scan, new Date(scan.at))
    if (read.kind !== 'item' || !isOpen(scan)) continue
    const { quantity } = read
    const outcome = await recordMovement(device, { ...movement, quantity, begunAtMs: scan.at }, scan.id)
    if (!outcome.saved) return { recorded, refusal: outcome.refusal }
    recorded++
  }
  return { recorded }
}

export interface ResolveOutcome {
  recorded: number
  /** Scans that stay unresolved, because there is not enough stock or the mutation is refused. */
  remaining: number
}

/** Records the movements of these scans one by one. Lookups are only resolved. */
export async function recordScans(device: Device, scans: readonly ScanRecord[]): Promise<ResolveOutcome> {
  const outcome: ResolveOutcome = { recorded: 0, remaining: 0 }
  for (const scan of scans) {
    const movement = movementOf(device, scan)
    if (scan.mode === 'look') {
      await device.scans.resolve(scan.id)
      continue
    }
    if (!movement || shortageOf(device, movement) || refusalOf(device, movement)) {
      outcome.remaining++
      continue
    }
    const { saved } = await recordMovement(device, movement, scan.id)
    if (saved) outcome.recorded++
    else outcome.remaining++
  }
  return outcome
}

export async function attachCode(
  device: Device,
  { itemId, code, packQuantity }: { itemId: string; code: string; packQuantity: number },
): Promise<Refusal | undefined> {
  const pack = packQuantity === 1000 ? {} : { packQuantity: toUnits(packQuantity) }
  const result = await device.record('barcode.attach', { itemId, code, ...pack })
  return result.saved ? undefined : result.refusal
}

export async function createItem(
  device: Device,
  { fields, code }: { fields: ItemFields; code: string | undefined },
): Promise<{ id: string } | { refusal: Refusal }> {
  const id = device.newId()
  const barcodes = code === undefined ? {} : { barcodes: [{ code }] }
  const result = await device.record('item.create', { id, ...fields, ...barcodes })
  return result.saved ? { id } : { refusal: result.refusal }
}
