// Subscriptions to rows: a component that read a row, or all rows of a kind, is notified when it changes.
import type { Signal } from '@preact/signals'
import { batch, signal } from '@preact/signals'
import type { Kind } from '#shared/rows/rows.ts'
import type { RowChange } from './confirmed-rows.ts'

/** Above this many changed rows, all subscribed rows are notified. */
const SINGLE_ROWS_MAX = 500

export class RowSubscriptions {
  readonly #kinds = new Map<Kind, Signal<number>>()
  readonly #rows = new Map<string, Signal<number>>()

  /** Subscribes the running component or effect to a row. */
  row(kind: Kind, key: string): void {
    void this.#rowSignal(`${kind} ${key}`).value
  }

  /** Subscribes the running component or effect to all rows of a kind. */
  kind(kind: Kind): void {
    void this.#kindSignal(kind).value
  }

  notify(changes: readonly RowChange[]): void {
    if (changes.length === 0) return
    batch(() => {
      for (const kind of new Set(changes.map((change) => change.kind))) this.#kindSignal(kind).value++
      if (changes.length <= SINGLE_ROWS_MAX) for (const { kind, key } of changes) this.#notifyOne(`${kind} ${key}`)
      else for (const name of this.#rows.keys()) this.#notifyOne(name)
    })
  }

  #notifyOne(name: string): void {
    const known = this.#rows.get(name)
    if (known) known.value++
  }

  #rowSignal(name: string): Signal<number> {
    let known = this.#rows.get(name)
    if (!known) this.#rows.set(name, (known = signal(0, { unwatched: () => this.#rows.delete(name) })))
    return known
  }

  #kindSignal(kind: Kind): Signal<number> {
    let known = this.#kinds.get(kind)
    if (!known) this.#kinds.set(kind, (known = signal(0)))
    return known
  }
}
