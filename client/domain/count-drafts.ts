// Counts that are started and not recorded. Their scans are in the scan log. What the person entered besides (quantity,
// lot) is stored here, so that an unconfirmed count survives a restart. A draft is identified by its first scan, which
// is resolved in the transaction that records the count; a draft without it has been recorded.
import * as z from 'zod/mini'
import { idSchema } from '#shared/values/id.ts'
import type { ScanRecord } from '../device/records.ts'
import type { Device } from '../device/device.ts'
import { readSetting, type SettingStore, writeSetting } from '../session/local-setting.ts'
import { readScan } from './read-scan.ts'

export interface CountDraft {
  itemId: string
  locationId: string
  lot: string
  /** Thousandths. */
  quantity: number
  /** The first one identifies the draft. */
  scanIds: readonly string[]
  /** The time of the first scan, Unix ms. */
  since: number
  /** The time of the last change, Unix ms. */
  touched: number
}

/**
 * A person who counts goes from piece to piece in seconds, and a pallet by hand takes minutes. After a longer pause,
 * what they counted may no longer match what they see.
 */
export const COUNT_PAUSE_MS = 5 * 60_000

const draftsSchema = z.array(
  z.object({
    itemId: idSchema,
    locationId: idSchema,
    lot: z.string(),
    quantity: z.number(),
    scanIds: z.array(idSchema),
    since: z.number(),
    touched: z.number(),
  }),
)

export class CountDraftStore {
  readonly #store: SettingStore
  readonly #key: string

  constructor({ store, deviceName }: { store: SettingStore; deviceName: string }) {
    this.#store = store
    this.#key = `stockhand.counts.${deviceName}`
  }

  get all(): CountDraft[] {
    return readSetting(this.#store, this.#key, draftsSchema) ?? []
  }

  /** Saves a draft, and drops those without an unresolved scan. */
  put(draft: CountDraft, isOpen: (scanId: string) => boolean): void {
    if (draft.scanIds.length === 0) return
    const others = this.all.filter(({ scanIds }) => scanIds[0] !== draft.scanIds[0] && scanIds.some(isOpen))
    writeSetting(this.#store, this.#key, [draft, ...others])
  }
}

/** The unconfirmed counts, oldest first, and scans that belong to a count that has been recorded. */
export function openCountDrafts(device: Device, store: CountDraftStore): { drafts: CountDraft[]; leftOver: string[] } {
  const open = new Map(device.scans.unresolved.value.map((scan) => [scan.id, scan]))
  const known = store.all
  const drafts = known.filter(({ scanIds: [first = ''] }) => open.has(first))
  const recorded = known.filter((draft) => !drafts.includes(draft)).flatMap(({ scanIds }) => scanIds)
  for (const { scanIds } of known) for (const id of scanIds) open.delete(id)
  const ungrouped = [...open.values()].filter(({ mode }) => mode === 'count').toReversed()
  const isOpen = new Set(device.scans.unresolved.value.map(({ id }) => id))
  return {
    drafts: [...drafts, ...groupScans(device, ungrouped)].toSorted((a, b) => a.since - b.since),
    leftOver: recorded.filter((id) => isOpen.has(id)),
  }
}

/**
 * Groups scans that are in no draft, because nobody answered a question about them. Scans without a long pause are one
 * count.
 */
function groupScans(device: Device, scans: readonly ScanRecord[]): CountDraft[] {
  const drafts: CountDraft[] = []
  for (const { id, at, locationId, ...scan } of scans) {
    const read = readScan(device.queries, scan, new Date(at))
    if (read.kind !== 'item' || locationId === null || (read.item.tracksLots && !read.lot)) continue
    const key = { itemId: read.item.id, locationId, lot: read.item.tracksLots ? (read.lot ?? '') : '' }
    const existing = drafts.find(
      (draft) =>
        draft.itemId === key.itemId &&
        draft.locationId === locationId &&
        draft.lot === key.lot &&
        at - draft.touched <= COUNT_PAUSE_MS,
    )
    if (!existing) drafts.push({ ...key, quantity: read.quantity, scanIds: [id], since: at, touched: at })
    else {
      const quantity = existing.quantity + read.quantity
      Object.assign(existing, { quantity, scanIds: [...existing.scanIds, id], touched: at })
    }
  }
  return drafts
}
