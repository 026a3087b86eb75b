// A count or a move before it is recorded: lines that scans add up to. Kept in memory; their scans are on the disk, and a
// line whose scans were all settled elsewhere (in the tray) goes.
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
  #end: (() => void) | undefined

  constructor({ device, drafts }: { device: Device; drafts: { begin(): () => void } }) {
    this.#device = device
    this.#drafts = drafts
    effect(() => {
      const open = new Set(device.scans.unresolved.value.map(({ id }) => id))
      const stands = ({ scanIds }: DraftLine) => scanIds.length === 0 || scanIds.some((id) => open.has(id))
      if (!this.#lines.peek().every(stands)) this.#change(this.#lines.peek().filter(stands))
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

  /** The newest scan's line comes first. */
  add(
    key: LineKey,
    { quantity, scan, since = scan.at }: { quantity: number; scan: ScanRecord; since?: number | undefined },
  ) {
    const known = this.of(key)
    const touched = scan.at
    const line = known
      ? { ...known, quantity: known.quantity + quantity, scanIds: [...known.scanIds, scan.id], touched }
      : { ...key, quantity, scanIds: [scan.id], since, touched }
    this.#change([line, ...this.#lines.value.filter((other) => other !== known)])
  }

  /** By hand: also a line that no scan began. */
  set({ itemId, lot }: LineKey, quantity: number, now: number): void {
    const known = this.of({ itemId, lot })
    const touched = now
    const line = known ? { ...known, quantity, touched } : { itemId, lot, quantity, scanIds: [], since: now, touched }
    this.#change([line, ...this.#lines.value.filter((other) => other !== known)])
  }

  /** A line as it was left. */
  restore({ itemId, lot, quantity, scanIds, since, touched }: DraftLine): DraftLine {
    const line = { itemId, lot, quantity, scanIds, since, touched }
    this.#change([line, ...this.#lines.value])
    return line
  }

  remove(key: LineKey): void {
    const known = this.of(key)
    this.#change(this.#lines.value.filter((line) => line !== known))
  }

  /** A later move of this device from the same shelf has taken a scan in already. */
  isMoved(scan: ScanRecord, { itemId, locationId }: { itemId: string; locationId: string }): boolean {
    return this.#device.history.value.some(({ envelope: { name, args, at } }) => {
      if (name !== 'stock.transfer') return false
      const told = args as Record<string, unknown>
      return told['itemId'] === itemId && told['fromLocationId'] === locationId && stampMs(at) >= scan.at
    })
  }

  #change(lines: readonly DraftLine[]): void {
    this.#lines.value = lines
    if (lines.length > 0) this.#end ??= this.#drafts.begin()
    else {
      this.#end?.()
      this.#end = undefined
    }
  }
}
