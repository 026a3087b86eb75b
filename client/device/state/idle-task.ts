// Work that can wait, done in small steps while the browser is idle. If the browser does not support idle callbacks, no
// work is done ahead, and callers do it when they need it.
/** Half a frame, so that changes in the meantime are drawn in the next one. */
const SLICE_MAX_MS = 8

export class IdleTask {
  readonly #step: () => boolean
  #isScheduled = false

  /** A step takes a millisecond or two, and returns false if nothing is left to do. */
  constructor(step: () => boolean) {
    this.#step = step
  }

  /** False if the browser does not support idle callbacks. */
  get isSupported(): boolean {
    return globalThis.requestIdleCallback !== undefined
  }

  /** Schedules the work. */
  schedule(): void {
    if (this.#isScheduled || !this.isSupported) return
    this.#isScheduled = true
    globalThis.requestIdleCallback((deadline) => this.#work(deadline))
  }

  /** Runs slices as long as the browser is idle. Between two slices it can handle input. */
  #work(deadline: IdleDeadline): void {
    const until = performance.now() + SLICE_MAX_MS
    this.#isScheduled = false // if a step throws, the next change schedules the task again
    while (performance.now() < until) if (!this.#step()) return
    this.#isScheduled = true
    if (deadline.timeRemaining() > 0) setTimeout(() => this.#work(deadline))
    else globalThis.requestIdleCallback((next) => this.#work(next))
  }
}
