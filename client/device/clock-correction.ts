// Keeps the stamps of pending mutations correct when the device's clock is set: shifts them at once, or after the server's
// clock has shown by how much. Keeps T6.
import type { Signal } from '@preact/signals'
import { ClockJumpDetector } from './clock-jump-detector.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { SyncPoint, UnresolvedClockJump } from './records.ts'
import type { DeviceDatabase } from './storage/database.ts'

export interface ClockCorrectionOptions {
  database: DeviceDatabase
  outbox: Outbox
  point: Signal<SyncPoint>
  /** Reads the disk again, in this tab and the others. */
  reload: () => Promise<void>
}

export class ClockCorrection {
  /** The clock was set while mutations were pending, and only the server can tell by how much. */
  unresolvedJump: UnresolvedClockJump | undefined
  readonly #detector: ClockJumpDetector
  readonly #options: ClockCorrectionOptions

  constructor(clock: { now: () => number; monotonic: () => number }, options: ClockCorrectionOptions) {
    this.#detector = new ClockJumpDetector(clock)
    this.#options = options
  }

  /**
   * Shifts the stamps of pending mutations if the wall clock was set. Only the leading tab may call this. Returns true if
   * the server's clock has to be asked: see `resolveJump`.
   */
  async correctJump(): Promise<boolean> {
    const { outbox, reload } = this.#options
    const jump = this.#detector.jump() ?? (await outbox.jumpBehindLastStamp())
    if (jump) {
      this.unresolvedJump = await outbox.shiftAfterJump(jump)
      if (jump.ms < 0 && this.unresolvedJump !== undefined) await reload()
    }
    return this.unresolvedJump !== undefined
  }

  /** Shifts the stamps by the rest of an unresolved jump. `clockOffsetMs`: the server's clock minus this one, asked after it. */
  async resolveJump(clockOffsetMs: number): Promise<void> {
    if (!this.unresolvedJump) return
    const { database, outbox, point, reload } = this.#options
    const { epoch, clockOffsetMs: before } = point.value
    const jumpedMs = epoch === 0 ? this.unresolvedJump.movedMs : before - clockOffsetMs
    await outbox.shiftRemaining(this.unresolvedJump, jumpedMs)
    await database.transaction('rw', database.meta, async () => {
      const stored = await database.readMeta('point') // another tab may have received more
      if (stored) await database.writeMeta('point', { ...stored, clockOffsetMs })
    })
    await reload()
  }
}
