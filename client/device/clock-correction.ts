// Keeps the stamps of what waits right when the device's clock is set: moves them along at once, or once the server's clock
// has told by how much. Keeps T6.
import { ClockWatch } from './clock-jump-detector.ts'
import type { DeviceDatabase } from './storage/database.ts'
import type { ClockDoubt, SyncPoint } from './records.ts'
import type { Outbox } from './outbox/outbox.ts'

export class ClockKeeper {
  /** The clock was set while something waited, and only the server can tell how far. */
  doubt: ClockDoubt | undefined
  readonly #watch: ClockWatch
  readonly #database: DeviceDatabase
  readonly #outbox: Outbox

  constructor(
    clock: { now: () => number; monotonic: () => number },
    { database, outbox }: { database: DeviceDatabase; outbox: Outbox },
  ) {
    this.#watch = new ClockWatch(clock)
    this.#database = database
    this.#outbox = outbox
  }

  /** Looks whether the clock was set. True where what waits was moved along. */
  async mind(): Promise<boolean> {
    const jump = this.#watch.jump() ?? (await this.#outbox.behind())
    if (!jump) return false
    this.doubt = await this.#outbox.clockJumped(jump)
    return jump.ms < 0 && this.doubt !== undefined
  }

  /** The server's clock, asked after the jump: what is left of it is moved along. False where there was no doubt. */
  async settle({ epoch, clockOffsetMs: before }: SyncPoint, clockOffsetMs: number): Promise<boolean> {
    if (!this.doubt) return false
    await this.#outbox.settleClock(this.doubt, epoch === 0 ? this.doubt.movedMs : before - clockOffsetMs)
    await this.#database.transaction('rw', this.#database.meta, async () => {
      const point = await this.#database.readMeta('point') // another tab may have come further
      if (point) await this.#database.writeMeta('point', { ...point, clockOffsetMs })
    })
    return true
  }
}
