// Keeps the stamps of what waits right when the device's clock is set: moves them along at once, or once the server's clock
// has told by how much. Keeps T6.
import { ClockJumpDetector } from './clock-jump-detector.ts'
import type { DeviceDatabase } from './storage/database.ts'
import type { UnresolvedClockJump, SyncPoint } from './records.ts'
import type { Outbox } from './outbox/outbox.ts'

export class ClockCorrection {
  /** The clock was set while something waited, and only the server can tell how far. */
  unresolvedJump: UnresolvedClockJump | undefined
  readonly #detector: ClockJumpDetector
  readonly #database: DeviceDatabase
  readonly #outbox: Outbox

  constructor(
    clock: { now: () => number; monotonic: () => number },
    { database, outbox }: { database: DeviceDatabase; outbox: Outbox },
  ) {
    this.#detector = new ClockJumpDetector(clock)
    this.#database = database
    this.#outbox = outbox
  }

  /** Looks whether the clock was set. True where what waits was moved along. */
  async correctJump(): Promise<boolean> {
    const jump = this.#detector.jump() ?? (await this.#outbox.jumpBehindLastStamp())
    if (!jump) return false
    this.unresolvedJump = await this.#outbox.shiftAfterJump(jump)
    return jump.ms < 0 && this.unresolvedJump !== undefined
  }

  /** The server's clock, asked after the jump: what is left of it is moved along. False where there was no doubt. */
  async resolveJump({ epoch, clockOffsetMs: before }: SyncPoint, clockOffsetMs: number): Promise<boolean> {
    if (!this.unresolvedJump) return false
    await this.#outbox.shiftRemaining(
      this.unresolvedJump,
      epoch === 0 ? this.unresolvedJump.movedMs : before - clockOffsetMs,
    )
    await this.#database.transaction('rw', this.#database.meta, async () => {
      const point = await this.#database.readMeta('point') // another tab may have come further
      if (point) await this.#database.writeMeta('point', { ...point, clockOffsetMs })
    })
    return true
  }
}
