// What waits to be sent, and what was sent in the last week: this device's own numbering, stamps and order. Every change
// is one strict transaction. Keeps D1, D4, D5, D12, T1, T6.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import { CLOCK_TOLERANCE_MS, shiftStampMs, shiftStamp, nextStamp, stampDevice, stampMs } from '#shared/values/stamp.ts'
import type { ClockJump } from '../clock-jump-detector.ts'
import type { DeviceDatabase } from '../storage/database.ts'
import type { UnresolvedClockJump, DoneEntry, Identity, OutboxEntry, ScanRecord } from '../records.ts'
import type { ImportResult, RebasedImport } from './outbox-import.ts'

/** How long acknowledged mutations are kept: after a restore of the server they are sent again. */
const DONE_KEPT_MS = 7 * 86_400_000

/** Seqs from here on are set aside: no device ever makes so many. */
const ASIDE_FROM = 2 ** 50

export function isSkipped({ seq }: { seq: number }): boolean {
  return seq >= ASIDE_FROM
}

export interface NewMutation {
  id: string
  name: string
  args: Record<string, unknown>
  scanId: string | undefined
  /** The version that the person saw. */
  seen: number
  /** Where the server will place it. */
  estimate: (stamp: string) => string
}

/** What was kept, and as whose: the storage may have been made anew meanwhile. */
export interface Enqueued {
  entry: OutboxEntry
  clientId: string
}

export class Outbox {
  /** How far the server has answered this tab, since its memory was last read from the disk. */
  answeredUpTo = 0
  readonly #database: DeviceDatabase
  readonly #now: () => number
  readonly #newId: () => string

  constructor(database: DeviceDatabase, { now, newId }: { now: () => number; newId: () => string }) {
    this.#database = database
    this.#now = now
    this.#newId = newId
  }

  /** Who this device is; undefined where the storage was deleted under the open app. */
  identity(): Promise<Identity | undefined> {
    return this.#database.readMeta('identity')
  }

  /** Who this device is, as the app opens: a new one where nothing is kept. */
  async loadOrCreateIdentity(): Promise<Identity> {
    return this.#database.transaction('rw', this.#database.meta, async () => {
      const known = await this.#database.readMeta('identity')
      if (known) return known
      const identity: Identity = { clientId: this.#newId(), nextSeq: 1, lastStamp: undefined }
      await this.#database.writeMeta('identity', identity)
      return identity
    })
  }

  /** Gives a mutation its place in the device's own order, and keeps it. Undefined where the identity is gone. */
  enqueue({ id, name, args, scanId, seen, estimate }: NewMutation): Promise<Enqueued | undefined> {
    const { meta, outbox, scans } = this.#database
    return this.#database.transaction('rw', [meta, outbox, scans], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity) return undefined
      const stamp = nextStamp(identity.lastStamp, this.#now(), stampDevice(identity.clientId))
      const envelope: Envelope = { seq: identity.nextSeq, id, name, args, at: stamp, seen }
      const entry: OutboxEntry = {
        seq: envelope.seq,
        envelope,
        at: estimate(stamp),
        ...(scanId !== undefined && { scanId }),
      }
      await outbox.add(entry)
      await this.#database.writeMeta('identity', { ...identity, nextSeq: identity.nextSeq + 1, lastStamp: stamp })
      if (scanId !== undefined) await scans.update(scanId, { state: 'resolved', mutationId: id })
      return { entry, clientId: identity.clientId }
    })
  }

  /** The oldest after a seq that can be sent: see `broughtFrom`. */
  after(seq: number, limit: number): Promise<OutboxEntry[]> {
    const { meta, outbox } = this.#database
    return this.#database.transaction('r', [meta, outbox], async () => {
      const end = await this.#end()
      return seq < end ? outbox.where('seq').between(seq, end, false, false).limit(limit).toArray() : []
    })
  }

  async upTo(seq: number): Promise<OutboxEntry[]> {
    const end = await this.#end()
    return this.#database.outbox
      .where('seq')
      .belowOrEqual(Math.min(seq, end - 1))
      .toArray()
  }

  /** All that waits, in order, but for what was set aside. */
  oldest(limit: number): Promise<OutboxEntry[]> {
    return this.#database.outbox.where('seq').below(ASIDE_FROM).limit(limit).toArray()
  }

  /** Where what this client can send ends. */
  async #end(): Promise<number> {
    return (await this.identity())?.broughtFrom ?? ASIDE_FROM
  }

  /**
   * Keeps what was made elsewhere, and scans that became nothing there, in one transaction: all of it or nothing. What is
   * known here by its id is left out, and a scan that was seen to there, or has become a mutation here, asks no more.
   * Undefined where the identity is gone.
   */
  importEntries({ mutations, scans, settledScans }: RebasedImport): Promise<ImportResult | undefined> {
    const { meta, outbox, done, scans: table } = this.#database
    return this.#database.transaction('rw', [meta, outbox, done, table], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity) return undefined
      const ids = mutations.map(({ envelope }) => envelope.id)
      const scanIds = scans.map(({ id }) => id) // a mutation bears the id of the scan that it was made of
      const known = new Set((await done.bulkGet([...ids, ...scanIds])).map((entry) => entry?.id))
      await outbox.each(({ envelope }) => known.add(envelope.id))
      const fresh = mutations.filter(({ envelope: { id } }) => !known.has(id) && known.add(id))
      const { nextSeq, broughtFrom = nextSeq } = identity
      const entries = fresh.map((entry, index) => numbered(entry, nextSeq + index))
      await outbox.bulkAdd(entries)
      if (entries.length > 0)
        await this.#database.writeMeta('identity', { ...identity, nextSeq: nextSeq + entries.length, broughtFrom })
      const there = await table.bulkGet(scanIds)
      const unknown = scans.filter((_, index) => !there[index])
      await table.bulkAdd(unknown.map((scan): ScanRecord => ({ ...scan, state: 'unresolved' })))
      const settled = new Set([...settledScans, ...ids, ...scanIds.filter((id) => known.has(id))])
      await table
        .where('state')
        .equals('unresolved')
        .and(({ id }) => settled.has(id))
        .modify({ state: 'resolved' })
      return { mutations: entries.length, scans: unknown.length }
    })
  }

  /**
   * Keeps what the server said about mutations beyond "applied": its stamps are needed if they are sent again. Nothing where
   * this device is another client by now: then its mutations have other numbers.
   */
  async storeResults(clientId: string, results: readonly PushResult[]): Promise<void> {
    const telling = results.filter(({ at, code }) => at !== undefined || code !== undefined)
    const { meta, outbox } = this.#database
    await this.#database.transaction(telling.length > 0 ? 'rw' : 'r', [meta, outbox], async () => {
      if ((await this.identity())?.clientId !== clientId) return
      this.answeredUpTo = Math.max(this.answeredUpTo, results.at(-1)?.seq ?? 0)
      if (telling.length === 0) return
      const entries = await outbox.bulkGet(telling.map(({ seq }) => seq))
      const kept = telling.flatMap((result, index) => {
        const entry = entries[index]
        return entry ? [{ ...entry, answer: { ...entry.answer, ...result } }] : []
      })
      await outbox.bulkPut(kept)
    })
  }

  /** Moves acknowledged mutations to the done ones, inside the transaction that writes their rows. */
  async dequeue(done: readonly DoneEntry[]): Promise<void> {
    if (done.length === 0) return
    const { outbox, done: table } = this.#database
    await outbox.bulkDelete(done.map(({ seq }) => seq))
    await table.bulkPut([...done])
    await table
      .where('doneAt')
      .below(this.#now() - DONE_KEPT_MS)
      .delete()
  }

  /**
   * A new client id, inside the caller's transaction: the outbox is numbered anew, ids unchanged. With `resend` what was
   * acknowledged in the last week goes first, at its effective stamps, said in this device's own time so that the server's
   * correction leads to them again.
   */
  async renumber({ resend, clockOffsetMs }: { resend: boolean; clockOffsetMs: number }): Promise<void> {
    const { outbox, done } = this.#database
    const identity = await this.#database.readMeta('identity')
    const inOrder = await outbox.orderBy('seq').toArray()
    const waiting = identity?.broughtFrom === undefined ? inOrder : inOrder.toSorted(byOwnTime)
    const sent = resend ? await done.toArray() : []
    const again = sent
      .map(({ envelope, at, answer, scanId }) => ({ envelope, at: answer?.at ?? at, ...kept({ scanId }) }))
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map((entry) => ({ ...entry, envelope: withStamp(entry.envelope, inOwnTime(entry.at, clockOffsetMs)) }))
    const entries = [...again, ...waiting].map((entry, index) =>
      renumber(entry, { seq: index + 1, isNewEpoch: resend }),
    )
    await outbox.clear()
    await outbox.bulkPut(entries)
    if (resend) await done.clear()
    const nextSeq = entries.length + 1
    await this.#database.writeMeta('identity', { clientId: this.#newId(), nextSeq, lastStamp: identity?.lastStamp })
  }

  /**
   * Takes one mutation out of the order, because nothing on the way lets it through alone: those behind it move up. It
   * stays in the outbox, behind all others. Should the server know it after all, ids tell (P1, P4). Nothing where another
   * has its number by now: this device began anew, or another tab was faster.
   */
  async skip({ seq, id }: Pick<Envelope, 'seq' | 'id'>): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      const identity = await this.#database.readMeta('identity')
      const entry = await outbox.get(seq)
      if (!identity || entry?.envelope.id !== id) return
      const { seq: lastSeq } = (await outbox.orderBy('seq').last()) ?? entry
      const behind = await outbox.where('seq').between(seq, ASIDE_FROM, false, false).toArray()
      await outbox.where('seq').between(seq, ASIDE_FROM, true, false).delete()
      await outbox.bulkPut([
        ...behind.map((other) => numbered(other, other.seq - 1)),
        numbered(entry, Math.max(ASIDE_FROM, lastSeq + 1)),
      ])
      const { nextSeq, broughtFrom } = identity
      const moved = broughtFrom === undefined ? {} : { broughtFrom: broughtFrom - 1 }
      await this.#database.writeMeta('identity', { ...identity, nextSeq: nextSeq - 1, ...moved })
    })
  }

  /** Puts what was set aside at the end of the order again. */
  async retrySkipped(): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity) return
      const aside = await outbox.where('seq').aboveOrEqual(ASIDE_FROM).toArray()
      await outbox.bulkDelete(aside.map(({ seq }) => seq))
      await outbox.bulkPut(aside.map((entry, index) => numbered(entry, identity.nextSeq + index)))
      const { nextSeq, broughtFrom = nextSeq, lastStamp } = identity
      // The server places nothing before what it had of this client: under another one it keeps its own time.
      const isLate = aside.some(({ envelope }) => envelope.at !== lastStamp)
      const next = { ...identity, nextSeq: nextSeq + aside.length, ...(isLate && { broughtFrom }) }
      await this.#database.writeMeta('identity', next)
    })
  }

  /**
   * Puts what was acknowledged after `lastSeq` back: the server has lost it. False where that leaves a gap, because it is
   * older than what is kept.
   */
  async requeueAfter(lastSeq: number): Promise<boolean> {
    const { meta, outbox, done } = this.#database
    return this.#database.transaction('rw', [meta, outbox, done], async () => {
      const lost = await done.filter(({ seq }) => seq > lastSeq).toArray()
      await outbox.bulkPut(lost.map(({ seq, envelope, at }) => ({ seq, envelope, at })))
      await done.bulkDelete(lost.map(({ id }) => id))
      const [next] = await this.after(lastSeq, 1)
      return next === undefined || next.seq === lastSeq + 1
    })
  }

  /**
   * The wall clock moved. Set back, what waits is moved along at once, so that its age stays right. Forward may have been
   * sleep: that is left in doubt until the server's clock tells.
   */
  async shiftAfterJump({ ms, beforeMs }: ClockJump): Promise<UnresolvedClockJump | undefined> {
    const { meta, outbox } = this.#database
    return this.#database.transaction('rw', [meta, outbox], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity || (await outbox.count()) === 0) return undefined
      const known = await this.#database.readMeta('clockDoubt')
      let beforeSeq = identity.nextSeq
      if (ms < 0) {
        await this.#shiftStamps(ms, beforeSeq)
        await this.#database.writeMeta('identity', {
          ...identity,
          lastStamp: identity.lastStamp && shiftStamp(identity.lastStamp, ms),
        })
      } else {
        const later = await outbox.filter(({ envelope }) => stampMs(envelope.at) > beforeMs).first()
        beforeSeq = later?.seq ?? beforeSeq
      }
      const doubt: UnresolvedClockJump = { beforeSeq, movedMs: (known?.movedMs ?? 0) + Math.min(ms, 0) }
      await this.#database.writeMeta('clockDoubt', doubt)
      return doubt
    })
  }

  /** The clock reads less than the last stamp, as a restart may find it: at least so far was it set back. */
  async jumpBehindLastStamp(): Promise<ClockJump | undefined> {
    const lastStamp = (await this.identity())?.lastStamp
    const ms = lastStamp === undefined ? 0 : this.#now() - stampMs(lastStamp)
    return ms < -CLOCK_TOLERANCE_MS ? { ms, beforeMs: this.#now() } : undefined
  }

  /** The server's clock tells how far this device's really moved: what is left of it is moved along. */
  async shiftRemaining({ beforeSeq, movedMs }: UnresolvedClockJump, jumpedMs: number): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      await this.#database.writeMeta('clockDoubt', undefined)
      const left = jumpedMs - movedMs
      if (Math.abs(left) <= CLOCK_TOLERANCE_MS) return
      const [last] = await outbox.where('seq').below(beforeSeq).reverse().limit(1).toArray()
      const [next] = await this.after(beforeSeq - 1, 1)
      if (!last) return
      // What was made after the jump is right: nothing is moved past it.
      const room = next ? stampMs(next.envelope.at) - stampMs(last.envelope.at) : Number.POSITIVE_INFINITY
      await this.#shiftStamps(Math.min(left, Math.max(room, 0)), beforeSeq)
    })
  }

  async #shiftStamps(ms: number, beforeSeq: number): Promise<void> {
    const { outbox } = this.#database
    const entries = await outbox.where('seq').below(beforeSeq).toArray()
    const moved = entries.map((entry) => ({
      ...entry,
      envelope: withStamp(entry.envelope, shiftStamp(entry.envelope.at, ms)),
    }))
    await outbox.bulkPut(moved)
  }
}

function numbered(entry: Omit<OutboxEntry, 'seq'>, seq: number): OutboxEntry {
  return { ...entry, seq, envelope: { ...entry.envelope, seq } }
}

/** An entry under its number as a new client. Its id stays the same, because the server may have applied it already. */
export function renumber(
  { envelope, at, scanId }: Omit<OutboxEntry, 'seq'>,
  { seq, isNewEpoch }: { seq: number; isNewEpoch: boolean },
): OutboxEntry {
  const { seen, ...unseen } = envelope
  // A version belongs to its epoch: in another epoch `seen` would name a later commit.
  const own = isNewEpoch || seen === undefined ? unseen : { ...unseen, seen }
  return { seq, at, envelope: { ...own, seq }, ...kept({ scanId }) }
}

function byOwnTime(one: OutboxEntry, other: OutboxEntry): number {
  return one.envelope.at < other.envelope.at ? -1 : Number(one.envelope.at > other.envelope.at)
}

/** A mutation at another time of this device's clock; further stamps among its arguments go along. */
export function withStamp(envelope: Envelope, at: string): Envelope {
  const args = { ...(envelope.args as Record<string, unknown>) }
  for (const name of ['takenAt', 'since']) {
    const stamp = args[name]
    if (typeof stamp === 'string') args[name] = shiftStampMs(stamp, { at, madeAt: envelope.at })
  }
  return { ...envelope, at, args }
}

/** A server's stamp as this device's clock would have read it. */
function inOwnTime(stamp: string, clockOffsetMs: number): string {
  return Math.abs(clockOffsetMs) > CLOCK_TOLERANCE_MS ? shiftStamp(stamp, -clockOffsetMs) : stamp
}

function kept({ scanId }: { scanId: string | undefined }): { scanId?: string } {
  return scanId === undefined ? {} : { scanId }
}
