// What is displayed: the confirmed rows and, over them, what the pending mutations make of them. Recomputed for touched
// rows only, so that fifty thousand pending mutations cost no more than one. Keeps D4–D6.
import type { Effects, Posted, PostedEntry, RowSource, TreeKind, UniqueKey } from '#shared/working-set/working-set.ts'
import { WorkingSet } from '#shared/working-set/working-set.ts'
import type { Entry } from '#shared/working-set/ledger.ts'
import type { Outcome } from '#shared/mutations/apply.ts'
import { applyMutation, prepare, refused } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { CountLine, Kind, Role, Row } from '#shared/rows/rows.ts'
import { STAMP_ZERO } from '#shared/values/stamp.ts'
import type { ConfirmedRows, RowChange } from './confirmed-rows.ts'
import { OptimisticOverlay } from './optimistic-overlay.ts'
import { Multiset } from './multiset.ts'

export interface Actor {
  userId: string
  role: Role
}

interface Pending {
  envelope: Envelope
  at: string
  /** The rows that it changed when it was made. */
  touched: RowChange[]
  posted: PostedEntry[]
  /** Positions whose quantity only the server can tell: a confirmed count is undone. */
  uncertain: string[]
}

export class PendingMutations {
  readonly #confirmed: ConfirmedRows
  readonly #actor: Actor
  readonly #overlay = new OptimisticOverlay()
  readonly #pending = new Map<number, Pending>()
  readonly #byId = new Map<string, Pending>()
  /** Which pending mutations change a row. */
  readonly #seqsByRow = new Map<string, Set<number>>()
  /** What acknowledged mutations of this device posted, as far as it remembers. */
  readonly #acknowledged = new Map<string, Posted>()
  readonly #uncertain = new Multiset()
  /** The mutations that pending ones undo. */
  readonly #undone = new Multiset()

  constructor(confirmed: ConfirmedRows, actor: Actor) {
    this.#confirmed = confirmed
    this.#actor = actor
  }

  get size(): number {
    return this.#pending.size
  }

  /** A row as people see it. */
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    if (this.#overlay.size === 0) return this.#confirmed.row(kind, key)
    return this.#overlay.row(kind, key) ?? this.#confirmed.row(kind, key)
  }

  /** Rows of a kind that only pending mutations made. */
  *made<K extends Kind>(kind: K): Iterable<Row<K>> {
    for (const [key, row] of this.#overlay.rows(kind)) if (!this.#confirmed.row(kind, key)) yield row
  }

  /** Rows of a kind that pending mutations changed or made, by key. */
  changedRows<K extends Kind>(kind: K): ReadonlyMap<string, Row<K>> {
    return this.#overlay.rows(kind)
  }

  isPending(kind: Kind, key: string): boolean {
    return this.#seqsByRow.has(nameOf(kind, key))
  }

  /** True where only the server can tell what is there. */
  isUncertain(position: string): boolean {
    return this.#uncertain.has(position)
  }

  /** What a mutation would do now; nothing is kept. */
  decide(envelope: Pick<Envelope, 'id' | 'name' | 'args' | 'at' | 'strict'>, at: string): Outcome {
    const prepared = prepare(envelope)
    if ('code' in prepared) return refused(prepared)
    return applyMutation(new WorkingSet(this.#rowSource()), prepared, this.#stamp(envelope, at))
  }

  /**
   * Puts a kept mutation over the rows, given what it did. What lies under an undone count shows only by going through
   * its position again: such rows are to be settled, many of them at once.
   */
  add(envelope: Envelope, at: string, effects: Effects): { touched: RowChange[]; unsettled: RowChange[] } {
    const touched = effects.changes.map(({ kind, key }) => ({ kind, key }))
    const posted = effects.movements
      .filter((movement) => movement.kind !== 'void')
      .map(({ position, entry, kind }) => ({
        position,
        entry: { ...entry, kind: kind === 'count' ? ('count' as const) : ('delta' as const), void: false },
      }))
    const uncertain = this.#uncertainOf(envelope)
    const pending: Pending = { envelope, at, touched, posted, uncertain }
    this.#pending.set(envelope.seq, pending)
    this.#byId.set(envelope.id, pending)
    for (const position of uncertain) this.#uncertain.add(position)
    const undone = undoes(envelope)
    if (undone !== undefined) this.#undone.add(undone)
    for (const { kind, key, after } of effects.changes) {
      const name = nameOf(kind, key)
      this.#overlay.set(kind, key, after)
      if (!this.#seqsByRow.has(name)) this.#seqsByRow.set(name, new Set())
      this.#seqsByRow.get(name)!.add(envelope.seq)
    }
    return { touched, unsettled: undone === undefined ? [] : touched }
  }

  /** What a mutation posted, pending or acknowledged. */
  postedOf(seq: number): PostedEntry[] {
    return this.#pending.get(seq)?.posted ?? []
  }

  /** Pending mutations up to a seq. All are looked at: what was set aside has a greater seq than what came after it. */
  upTo(lastSeq: number): { seq: number }[] {
    const found: { seq: number }[] = []
    for (const seq of this.#pending.keys()) if (seq <= lastSeq) found.push({ seq })
    return found
  }

  hasUpTo(lastSeq: number): boolean {
    for (const seq of this.#pending.keys()) if (seq <= lastSeq) return true
    return false
  }

  /** What an acknowledged mutation of this device posted. */
  addAcknowledged({ envelope, posted }: { envelope: Envelope; posted: PostedEntry[] }): void {
    this.#acknowledged.set(envelope.id, { name: envelope.name, userId: this.#actor.userId, entries: posted })
  }

  /** Takes acknowledged mutations away. Their rows are confirmed now, and to be settled with the others. */
  acknowledge(seqs: readonly number[]): RowChange[] {
    const touched: RowChange[] = []
    for (const seq of seqs) {
      const pending = this.#pending.get(seq)
      if (!pending) continue
      this.#pending.delete(seq)
      this.#byId.delete(pending.envelope.id)
      this.#acknowledge(pending)
      for (const position of pending.uncertain) this.#uncertain.remove(position)
      const undone = undoes(pending.envelope)
      if (undone !== undefined) this.#undone.remove(undone)
      for (const change of pending.touched) {
        const name = nameOf(change.kind, change.key)
        const seqsOf = this.#seqsByRow.get(name)
        seqsOf?.delete(seq)
        if (seqsOf?.size === 0) this.#seqsByRow.delete(name)
        touched.push(change)
      }
    }
    return touched
  }

  #acknowledge(pending: Pending): void {
    this.addAcknowledged(pending)
    const undid = undoes(pending.envelope) ?? ''
    const undone = this.#acknowledged.get(undid)
    if (undone) this.#acknowledged.set(undid, voided(undone))
  }

  /** Replays what is pending on these rows over their confirmed states. */
  recompute(changes: readonly RowChange[]): void {
    if (this.#seqsByRow.size === 0 && this.#overlay.size === 0) return // the first sync: a hundred thousand rows
    const rows = new Map<string, RowChange>()
    const seqs = new Set<number>()
    for (const { kind, key } of changes) {
      const name = nameOf(kind, key)
      const pending = this.#seqsByRow.get(name)
      if (rows.has(name) || (!pending && !this.#overlay.row(kind, key))) continue
      rows.set(name, { kind, key })
      for (const seq of pending ?? []) seqs.add(seq)
    }
    if (rows.size === 0) return
    const results = this.#replay(seqs, rows)
    for (const [name, { kind, key }] of rows) {
      const row = results.get(name)
      if (row) this.#overlay.set(kind, key, row)
      else this.#overlay.delete(kind, key)
    }
  }

  /** What pending mutations make of rows, beginning with what the server said of them. */
  #replay(seqs: Iterable<number>, rows: ReadonlyMap<string, RowChange>): Map<string, Row<Kind>> {
    const workingSet = new WorkingSet(this.#rowSource(rows))
    const results = new Map<string, Row<Kind>>()
    for (const seq of [...seqs].toSorted((a, b) => a - b)) {
      const pending = this.#pending.get(seq)!
      const prepared = prepare(pending.envelope)
      if ('code' in prepared) continue
      const outcome = applyMutation(workingSet, prepared, this.#stamp(pending.envelope, pending.at))
      if (outcome.status === 'refused') continue
      for (const { kind, key, after } of outcome.effects.changes) results.set(nameOf(kind, key), after)
    }
    return results
  }

  /** The envelopes that wait, in their order. */
  envelopes(): Envelope[] {
    return [...this.#pending.values()].map(({ envelope }) => envelope).toSorted((a, b) => a.seq - b.seq)
  }

  clear(): void {
    this.#overlay.clear()
    this.#pending.clear()
    this.#byId.clear()
    this.#seqsByRow.clear()
    this.#uncertain.clear()
    this.#undone.clear()
  }

  #stamp({ id, at: madeAt, strict }: Pick<Envelope, 'id' | 'at' | 'strict'>, at: string) {
    return { id, madeAt, at, strict: strict === true, ...this.#actor }
  }

  /** Reads what is displayed; of the rows in `confirmed`, only what the server said. */
  #rowSource(confirmed: Names = NONE): RowSource {
    return {
      row: (kind, key) => (confirmed.has(nameOf(kind, key)) ? this.#confirmed.row(kind, key) : this.row(kind, key)),
      owner: (unique, value) => this.#owner(unique, value),
      history: (position) => this.#history(position, confirmed),
      posted: (mutationId) => this.#posted(mutationId, confirmed),
      linesOf: (countId) => this.#linesOf(countId, confirmed),
      tree: (kind) => this.#rows(kind, confirmed),
      lastMoved: () => undefined, // what waits here was made in the order in which it is decided
    }
  }

  *#linesOf(countId: string, confirmed: Names): Iterable<CountLine> {
    for (const line of this.#rows('countLines', confirmed)) if (line.countId === countId) yield line
  }

  *#rows<K extends 'countLines' | TreeKind>(kind: K, confirmed: Names): Iterable<Row<K>> {
    for (const [key, row] of this.#confirmed.rows(kind)) {
      yield confirmed.has(nameOf(kind, key)) ? row : this.row(kind, key)!
    }
    for (const row of this.made(kind)) if (!confirmed.has(nameOf(kind, row.id))) yield row
  }

  #owner(unique: UniqueKey, value: string): string | undefined {
    const [kind, field] = unique === 'sku' ? (['items', 'sku'] as const) : (['locations', 'barcode'] as const)
    const owner = unique === 'sku' ? this.#confirmed.itemOfSku(value) : this.#confirmed.locationOfBarcode(value)
    const shown = owner === undefined ? undefined : (this.row(kind, owner) as unknown as Record<string, unknown>)
    return shown?.[field] === value ? owner : this.#overlay.owner(unique, value)
  }

  /** What lies on a position before the pending mutations, as one entry: the device does not hold the ledger. */
  #history(position: string, confirmed: Names): Entry[] {
    const row = confirmed.has(nameOf('positions', position))
      ? this.#confirmed.row('positions', position)
      : this.row('positions', position)
    if (!row) return []
    const { countedId, countedAt, countedSince, quantity } = row
    const since = countedSince === null ? {} : { since: countedSince }
    return [
      { kind: 'count', id: countedId ?? '', at: countedAt ?? STAMP_ZERO, amount: quantity, void: false, ...since },
    ]
  }

  /** What a mutation posted. In a replay the undos that are pending have not happened yet. */
  #posted(mutationId: string, confirmed: Names): Posted | undefined {
    const posted = this.#postedHere(mutationId) ?? this.#acknowledged.get(mutationId)
    return posted && confirmed === NONE && this.#undone.has(mutationId) ? voided(posted) : posted
  }

  #postedHere(mutationId: string): Posted | undefined {
    const pending = this.#byId.get(mutationId)
    if (!pending) return undefined
    return { name: pending.envelope.name, userId: this.#actor.userId, entries: pending.posted }
  }

  #uncertainOf(envelope: Envelope): string[] {
    const posted = this.#acknowledged.get(undoes(envelope) ?? '')
    return posted?.entries.filter(({ entry }) => entry.kind === 'count').map(({ position }) => position) ?? []
  }
}

/** Rows that are read as the server said. */
type Names = { has(name: string): boolean }

const NONE: Names = new Set()

/** The mutation that an undo takes back. */
function undoes({ name, args }: Envelope): string | undefined {
  return name === 'stock.undo' ? (args as { mutationId: string }).mutationId : undefined
}

function voided(posted: Posted): Posted {
  return {
    ...posted,
    entries: posted.entries.map(({ position, entry }) => ({ position, entry: { ...entry, void: true } })),
  }
}

function nameOf(kind: Kind, key: string): string {
  return `${kind} ${key}`
}
