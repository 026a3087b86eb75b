// Runs tasks one by one: scans, changes of quantity, undo. A task that waits for a person's answer delays the ones
// behind it; none is lost.
import { signal } from '@preact/signals'

export class TaskQueue {
  /** How many tasks wait behind the current one. */
  readonly waitingCount = signal(0)
  #last: Promise<unknown> = Promise.resolve()
  #open = 0

  /** Resolves to the result of the task. A task that throws does not stop the queue. */
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
    this.waitingCount.value = Math.max(0, this.#open - 1)
  }
}
