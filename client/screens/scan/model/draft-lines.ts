// The lines of a count or a move that is not recorded yet. Kept in memory; the scans are on disk. A line whose scans
// were all resolved in the tray is removed.
import { recordedArgs } from '#shared/mutations/args.ts'
import { effect, signal } from '@preact/signals'
import { stampMs } from '#shared/values/stamp.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { Device } from '../../../device/device.ts'
import type { DraftLine } from './scan-result.ts'

export interface LineKey {
  itemId: string
  lot: string
}

export class DraftLines {
  readonly #lines = signal<readonly DraftLine[]>([])
  readonly #device: Device
  readonly #drafts: { begin(): () => void }
  #endDraft: (() => void) | undefined

  constructor({ device, drafts }: { device: Device; drafts: { begin(): () => void } }) {
    this.#device = device
    this.#drafts = drafts
    effect(() => {
      const open = new Set(device.scans.unresolved.value.map(({ id }) => id))
      const isOpen = ({ scanIds }: DraftLine) => scanIds.length === 0 || scanIds.some((id) => open.has(id))
      if (!this.#lines.peek().every(isOpen)) this.#change(this.#lines.peek().filter(isOpen))
    })
  }

  get all(): readonly DraftLine[] {
    return this.#lines.value
  }

  get size(): number {
    return this.#lines.value.length
  }

  has(key: LineKey): boolean {
    return this.of(key) !== undefined
  }

  of({ itemId, lot }: LineKey): DraftLine | undefined {
    return this.#lines.value.find((line) => line.itemId === itemId && line.lot === lot)
  }

  /** The line of the newest scan comes first. */
  add(
    key: LineKey,
    { quantity, scan, since = scan.at }: { quantity: number; scan: ScanRecord; since?: number | undefined },
  ) {
    const existing = this.of(key)
    const touched = scan.at
    const line = existing
      ? { ...existing, quantity: existing.quantity + quantity, scanIds: [...existing.scanIds, scan.id], touched }
      : { ...key, quantity, scanIds: [scan.id], since, touched }
    this.#change([line, ...this.#lines.value.filter((other) => other !== existing)])
  }

  /** Sets a quantity by hand, also for a line without a scan. */
  set({ itemId, lot }: LineKey, quantity: number, now: number): void {
    const existing = this.of({ itemId, lot })
    const touched = now
    const line = existing
      ? { ...existing, quantity, touched }
      : { itemId, lot, quantity, scanIds: [], since: now, touched }
    this.#change([line, ...this.#lines.value.filter((other) => other !== existing)])
  }

  /** Restores a line from a draft. */
  restore({ itemId, lot, quantity, scanIds, since, touched }: DraftLine): DraftLine {
    const line = { itemId, lot, quantity, scanIds, since, touched }
    this.#change([line, ...this.#lines.value])
    return line
  }

  remove(key: LineKey): void {
    const existing = this.of(key)
    this.#change(this.#lines.value.filter((line) => line !== existing))
  }

  /** Returns true if a later move of this device from the same location includes the scan. */
  isMoved(scan: ScanRecord, { itemId, locationId }: { itemId: string; locationId: string }): boolean {
    return this.#device.history.value.some(({ envelope: { name, args, at } }) => {
      if (name !== 'stock.transfer') return false
      const transfer = recordedArgs(args)
      return transfer['itemId'] === itemId && transfer['fromLocationId'] === locationId && stampMs(at) >= scan.at
    })
  }

  #change(lines: readonly DraftLine[]): void {
    this.#lines.value = lines
    if (lines.length > 0) this.#endDraft ??= this.#drafts.begin()
    else {
      this.#endDraft?.()
      this.#endDraft = undefined
    }
  }
}
