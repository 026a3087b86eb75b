// Work that can wait, done a little at a time while the browser has nothing to do. Where a browser does not tell when that
// is, nothing is done ahead: whoever needs it does it then.
const SLICE_MAX_MS = 8

export class Idle {
  readonly #step: () => boolean
  #isAwake = false

  /** A step takes a millisecond or two, and returns false where nothing is left to do. */
  constructor(step: () => boolean) {
    this.#step = step
  }

  /** False where the browser does not tell when it is idle. */
  get works(): boolean {
    return globalThis.requestIdleCallback !== undefined
  }

  /** There is something to do. */
  wake(): void {
    if (this.#isAwake || !this.works) return
    this.#isAwake = true
    globalThis.requestIdleCallback((deadline) => {
      this.#isAwake = false
      const until = performance.now() + Math.min(SLICE_MAX_MS, deadline.timeRemaining())
      while (performance.now() < until) if (!this.#step()) return
      this.wake()
    })
  }
}
