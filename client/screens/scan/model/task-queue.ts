// One thing after the other: scans, changes of quantity, undo. A task that waits for a person's answer holds back those
// behind it, and none is lost.
import { signal } from '@preact/signals'

export class TaskQueue {
  /** How many wait behind the one under way. */
  readonly waiting = signal(0)
  #last: Promise<unknown> = Promise.resolve()
  #open = 0

  /** @returns what the task returns; a task that throws holds up nobody. */
  add<T>(task: () => Promise<T>): Promise<T> {
    this.#open++
    this.#count()
    const done = this.#last.then(task).finally(() => {
      this.#open--
      this.#count()
    })
    this.#last = done.catch(() => undefined)
    return done
  }

  #count(): void {
    this.waiting.value = Math.max(0, this.#open - 1)
  }
}
