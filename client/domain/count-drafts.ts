// Counts that are begun and not recorded: their scans are in the scan log, and what a person said besides (the number, the
// lot) lies here, so that a count that waits for a yes is kept whole over a restart. A draft goes by its first scan: that
// one is settled in the transaction that records the count, so a draft without it is recorded.
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
  /** The first one names it. */
  scanIds: readonly string[]
  /** When its first scan was, Unix ms. */
  since: number
  /** When something was last counted to it, Unix ms. */
  touched: number
}

/**
 * Whoever counts goes from piece to piece in seconds, and a pallet by hand takes minutes. After longer than this somebody
 * was called away, and what they had counted is no longer what they see.
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

  /** Keeps a draft as it stands; those whose scans are all settled go. */
  put(draft: CountDraft, isOpen: (scanId: string) => boolean): void {
    if (draft.scanIds.length === 0) return
    const others = this.all.filter(({ scanIds }) => scanIds[0] !== draft.scanIds[0] && scanIds.some(isOpen))
    writeSetting(this.#store, this.#key, [draft, ...others])
  }
}

/** The counts that wait for a yes, oldest first, and scans that are left over from one that is recorded. */
export function openCountDrafts(device: Device, kept: CountDraftStore): { drafts: CountDraft[]; leftOver: string[] } {
  const open = new Map(device.scans.unresolved.value.map((scan) => [scan.id, scan]))
  const known = kept.all
  const drafts = known.filter(({ scanIds: [first = ''] }) => open.has(first))
  const recorded = known.filter((draft) => !drafts.includes(draft)).flatMap(({ scanIds }) => scanIds)
  for (const { scanIds } of known) for (const id of scanIds) open.delete(id)
  const loose = [...open.values()].filter(({ mode }) => mode === 'count').toReversed()
  const isOpen = new Set(device.scans.unresolved.value.map(({ id }) => id))
  return {
    drafts: [...drafts, ...together(device, loose)].toSorted((a, b) => a.since - b.since),
    leftOver: recorded.filter((id) => isOpen.has(id)),
  }
}

/** Scans that came to no draft, behind a question that nobody answered: those of one go are one count. */
function together(device: Device, scans: readonly ScanRecord[]): CountDraft[] {
  const drafts: CountDraft[] = []
  for (const { id, at, locationId, ...scan } of scans) {
    const read = readScan(device.queries, scan, new Date(at))
    if (read.kind !== 'item' || locationId === null || (read.item.tracksLots && !read.lot)) continue
    const key = { itemId: read.item.id, locationId, lot: read.item.tracksLots ? (read.lot ?? '') : '' }
    const begun = drafts.find(
      (draft) =>
        draft.itemId === key.itemId &&
        draft.locationId === locationId &&
        draft.lot === key.lot &&
        at - draft.touched <= COUNT_PAUSE_MS,
    )
    if (!begun) drafts.push({ ...key, quantity: read.quantity, scanIds: [id], since: at, touched: at })
    else {
      const quantity = begun.quantity + read.quantity
      Object.assign(begun, { quantity, scanIds: [...begun.scanIds, id], touched: at })
    }
  }
  return drafts
}
