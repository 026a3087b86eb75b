// Work that can wait, done a little at a time while the browser has nothing to do. Where a browser does not tell when that
// is, nothing is done ahead: whoever needs it does it then.
/** Half of a frame, so that what came meanwhile is drawn in the next one. */
const SLICE_MAX_MS = 8

export class IdleTask {
  readonly #step: () => boolean
  #isScheduled = false

  /** A step takes a millisecond or two, and returns false where nothing is left to do. */
  constructor(step: () => boolean) {
    this.#step = step
  }

  /** False where the browser does not tell when it is idle. */
  get isScheduled(): boolean {
    return globalThis.requestIdleCallback !== undefined
  }

  /** There is something to do. */
  schedule(): void {
    if (this.#isScheduled || !this.isScheduled) return
    this.#isScheduled = true
    globalThis.requestIdleCallback((deadline) => this.#work(deadline))
  }

  /** A slice after the other for as long as the browser has nothing else to do: between two of them a key is heard. */
  #work(deadline: IdleDeadline): void {
    const until = performance.now() + SLICE_MAX_MS
    this.#isScheduled = false // a step that throws is not the last one: the next change wakes this again
    while (performance.now() < until) if (!this.#step()) return
    this.#isScheduled = true
    if (deadline.timeRemaining() > 0) setTimeout(() => this.#work(deadline))
    else globalThis.requestIdleCallback((next) => this.#work(next))
  }
}
