// What is displayed: the confirmed rows with the pending mutations replayed over them. Only touched rows are
// recomputed, so that fifty thousand pending mutations cost no more than one. Keeps D4–D6.
import { fieldsOf } from '#shared/rows/kind-map.ts'
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
  /** Positions whose quantity only the server can tell, because a confirmed count is undone. */
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
  /** What acknowledged mutations of this device posted, as far as it has them. */
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

  /** A row as displayed. */
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    if (this.#overlay.size === 0) return this.#confirmed.row(kind, key)
    return this.#overlay.row(kind, key) ?? this.#confirmed.row(kind, key)
  }

  /** Rows of a kind that only pending mutations have created. */
  *created<K extends Kind>(kind: K): Iterable<Row<K>> {
    for (const [key, row] of this.#overlay.rows(kind)) if (!this.#confirmed.row(kind, key)) yield row
  }

  /** Rows of a kind that pending mutations have changed or created, by key. */
  changedRows<K extends Kind>(kind: K): ReadonlyMap<string, Row<K>> {
    return this.#overlay.rows(kind)
  }

  isPending(kind: Kind, key: string): boolean {
    return this.#seqsByRow.has(nameOf(kind, key))
  }

  /** Returns true if only the server can tell the quantity of a position. */
  isUncertain(position: string): boolean {
    return this.#uncertain.has(position)
  }

  /** Decides a mutation on the displayed rows, without storing it. */
  decide(envelope: Pick<Envelope, 'id' | 'name' | 'args' | 'at' | 'strict'>, at: string): Outcome {
    const prepared = prepare(envelope)
    if ('code' in prepared) return refused(prepared)
    return applyMutation(new WorkingSet(this.#rowSource()), prepared, this.#decideContext(envelope, at))
  }

  /**
   * Shows a stored mutation, given its effects. The quantity below an undone count is only known after its position is
   * replayed, so the caller must recompute the rows in `toRecompute`, many of them at once.
   */
  add(envelope: Envelope, at: string, effects: Effects): { touched: RowChange[]; toRecompute: RowChange[] } {
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
    const undone = undoneBy(envelope)
    if (undone !== undefined) this.#undone.add(undone)
    for (const { kind, key, after } of effects.changes) {
      const name = nameOf(kind, key)
      this.#overlay.set(kind, key, after)
      if (!this.#seqsByRow.has(name)) this.#seqsByRow.set(name, new Set())
      this.#seqsByRow.get(name)!.add(envelope.seq)
    }
    return { touched, toRecompute: undone === undefined ? [] : touched }
  }

  /** What a mutation posted, pending or acknowledged. */
  postedOf(seq: number): PostedEntry[] {
    return this.#pending.get(seq)?.posted ?? []
  }

  /** Pending mutations up to a seq. Checks all of them, because a skipped one has a greater seq than later ones. */
  upTo(lastSeq: number): { seq: number }[] {
    const found: { seq: number }[] = []
    for (const seq of this.#pending.keys()) if (seq <= lastSeq) found.push({ seq })
    return found
  }

  hasUpTo(lastSeq: number): boolean {
    for (const seq of this.#pending.keys()) if (seq <= lastSeq) return true
    return false
  }

  /** Registers what an acknowledged mutation of this device posted. */
  addAcknowledged({ envelope, posted }: { envelope: Envelope; posted: PostedEntry[] }): void {
    this.#acknowledged.set(envelope.id, { name: envelope.name, userId: this.#actor.userId, entries: posted })
  }

  /** Removes acknowledged mutations. Returns their rows, which are confirmed now and must be recomputed. */
  acknowledge(seqs: readonly number[]): RowChange[] {
    const touched: RowChange[] = []
    for (const seq of seqs) {
      const pending = this.#pending.get(seq)
      if (!pending) continue
      this.#pending.delete(seq)
      this.#byId.delete(pending.envelope.id)
      this.#acknowledge(pending)
      for (const position of pending.uncertain) this.#uncertain.remove(position)
      const undone = undoneBy(pending.envelope)
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
    const undid = undoneBy(pending.envelope) ?? ''
    const undone = this.#acknowledged.get(undid)
    if (undone) this.#acknowledged.set(undid, asVoided(undone))
  }

  /** Replays what is pending on these rows over their confirmed states. */
  recompute(changes: readonly RowChange[]): void {
    if (this.#seqsByRow.size === 0 && this.#overlay.size === 0) return // the first sync has a hundred thousand rows
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

  /** Replays pending mutations on rows, starting with the confirmed rows. */
  #replay(seqs: Iterable<number>, rows: ReadonlyMap<string, RowChange>): Map<string, Row<Kind>> {
    const workingSet = new WorkingSet(this.#rowSource(rows))
    const results = new Map<string, Row<Kind>>()
    for (const seq of [...seqs].toSorted((a, b) => a - b)) {
      const pending = this.#pending.get(seq)!
      const prepared = prepare(pending.envelope)
      if ('code' in prepared) continue
      const outcome = applyMutation(workingSet, prepared, this.#decideContext(pending.envelope, pending.at))
      if (outcome.status === 'refused') continue
      for (const { kind, key, after } of outcome.effects.changes) results.set(nameOf(kind, key), after)
    }
    return results
  }

  /** The pending envelopes, in order. */
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

  #decideContext({ id, at: madeAt, strict }: Pick<Envelope, 'id' | 'at' | 'strict'>, at: string) {
    return { id, madeAt, at, strict: strict === true, ...this.#actor }
  }

  /** Reads the displayed rows, but only the confirmed state of the rows in `confirmed`. */
  #rowSource(confirmed: Names = NONE): RowSource {
    return {
      row: (kind, key) => (confirmed.has(nameOf(kind, key)) ? this.#confirmed.row(kind, key) : this.row(kind, key)),
      owner: (unique, value) => this.#owner(unique, value),
      history: (position) => this.#history(position, confirmed),
      posted: (mutationId) => this.#posted(mutationId, confirmed),
      linesOf: (countId) => this.#linesOf(countId, confirmed),
      tree: (kind) => this.#rows(kind, confirmed),
      lastMoved: () => undefined, // pending mutations are decided in the order in which they were made
    }
  }

  *#linesOf(countId: string, confirmed: Names): Iterable<CountLine> {
    for (const line of this.#rows('countLines', confirmed)) if (line.countId === countId) yield line
  }

  *#rows<K extends 'countLines' | TreeKind>(kind: K, confirmed: Names): Iterable<Row<K>> {
    for (const [key, row] of this.#confirmed.rows(kind)) {
      yield confirmed.has(nameOf(kind, key)) ? row : this.row(kind, key)!
    }
    for (const row of this.created(kind)) if (!confirmed.has(nameOf(kind, row.id))) yield row
  }

  #owner(unique: UniqueKey, value: string): string | undefined {
    const [kind, field] = unique === 'sku' ? (['items', 'sku'] as const) : (['locations', 'barcode'] as const)
    const owner = unique === 'sku' ? this.#confirmed.itemOfSku(value) : this.#confirmed.locationOfBarcode(value)
    const displayed = owner === undefined ? undefined : this.row(kind, owner)
    return displayed && fieldsOf(displayed)[field] === value ? owner : this.#overlay.owner(unique, value)
  }

  /**
   * The state of a position before the pending mutations, as one entry, because the device does not have the ledger.
   */
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

  /** What a mutation posted. In a replay, pending undos have not happened yet. */
  #posted(mutationId: string, confirmed: Names): Posted | undefined {
    const posted = this.#postedHere(mutationId) ?? this.#acknowledged.get(mutationId)
    return posted && confirmed === NONE && this.#undone.has(mutationId) ? asVoided(posted) : posted
  }

  #postedHere(mutationId: string): Posted | undefined {
    const pending = this.#byId.get(mutationId)
    if (!pending) return undefined
    return { name: pending.envelope.name, userId: this.#actor.userId, entries: pending.posted }
  }

  #uncertainOf(envelope: Envelope): string[] {
    const posted = this.#acknowledged.get(undoneBy(envelope) ?? '')
    return posted?.entries.filter(({ entry }) => entry.kind === 'count').map(({ position }) => position) ?? []
  }
}

/** The names of rows that are read in their confirmed state. */
type Names = { has(name: string): boolean }

const NONE: Names = new Set()

/** The id of the mutation that an undo cancels. */
function undoneBy({ name, args }: Envelope): string | undefined {
  return name === 'stock.undo' ? (args as { mutationId: string }).mutationId : undefined
}

function asVoided(posted: Posted): Posted {
  return {
    ...posted,
    entries: posted.entries.map(({ position, entry }) => ({ position, entry: { ...entry, void: true } })),
  }
}

function nameOf(kind: Kind, key: string): string {
  return `${kind} ${key}`
}
