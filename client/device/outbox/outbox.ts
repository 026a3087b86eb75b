// The pending mutations, and the acknowledged ones of the last week: this device's own numbering, stamps and order.
// Every change is one strict transaction. Keeps D1, D4, D5, D12, T1, T6.
import { recordedArgs, type RecordedArgs } from '#shared/mutations/args.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import { CLOCK_TOLERANCE_MS, shiftStampMs, shiftStamp, nextStamp, stampDevice, stampMs } from '#shared/values/stamp.ts'
import type { ClockJump } from '../clock-jump-detector.ts'
import type { DeviceDatabase } from '../storage/database.ts'
import type { UnresolvedClockJump, DoneEntry, Identity, OutboxEntry, ScanRecord } from '../records.ts'
import type { ImportResult, RebasedImport } from './outbox-import.ts'

/** How long acknowledged mutations are stored. After a restore of the server they are sent again. */
const DONE_MAX_AGE_MS = 7 * 86_400_000

/** Skipped mutations have seqs from here on. No device ever makes this many mutations. */
const SKIPPED_FROM = 2 ** 50

export function isSkipped({ seq }: { seq: number }): boolean {
  return seq >= SKIPPED_FROM
}

export interface NewMutation {
  id: string
  name: string
  args: RecordedArgs
  scanId: string | undefined
  /** The version that the person saw. */
  seen: number
  /** Estimates the effective stamp that the server will assign. */
  estimate: (stamp: string) => string
}

/** The stored entry, and the client id at that time: another tab may have rebuilt the storage in the meantime. */
export interface Enqueued {
  entry: OutboxEntry
  clientId: string
}

export class Outbox {
  /** The highest seq that the server has answered to this tab since its memory was last read from the disk. */
  answeredUpTo = 0
  readonly #database: DeviceDatabase
  readonly #now: () => number
  readonly #newId: () => string

  constructor(database: DeviceDatabase, { now, newId }: { now: () => number; newId: () => string }) {
    this.#database = database
    this.#now = now
    this.#newId = newId
  }

  /** Returns undefined if the storage was deleted while the app was open. */
  identity(): Promise<Identity | undefined> {
    return this.#database.readMeta('identity')
  }

  /** Returns the stored identity. Creates one if the database is empty. */
  async loadOrCreateIdentity(): Promise<Identity> {
    return this.#database.transaction('rw', this.#database.meta, async () => {
      const known = await this.#database.readMeta('identity')
      if (known) return known
      const identity: Identity = { clientId: this.#newId(), nextSeq: 1, lastStamp: undefined }
      await this.#database.writeMeta('identity', identity)
      return identity
    })
  }

  /** Assigns seq and stamp, and stores the mutation. Resolves to undefined if the identity is gone. */
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

  /** The oldest mutations after a seq that can be sent: see `broughtFrom`. */
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

  /** All pending mutations in order, except for skipped ones. */
  oldest(limit: number): Promise<OutboxEntry[]> {
    return this.#database.outbox.where('seq').below(SKIPPED_FROM).limit(limit).toArray()
  }

  /** The seq at which the mutations that this client id can send end. */
  async #end(): Promise<number> {
    return (await this.identity())?.broughtFrom ?? SKIPPED_FROM
  }

  /**
   * Stores imported mutations and unresolved scans in one transaction, all or none. Ignores the ones whose ids are
   * known here. Resolves scans that were resolved on the other device, or that have become a mutation here. Returns
   * undefined if the identity is gone.
   */
  importEntries({ mutations, scans, settledScans }: RebasedImport): Promise<ImportResult | undefined> {
    const { meta, outbox, done, scans: table } = this.#database
    return this.#database.transaction('rw', [meta, outbox, done, table], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity) return undefined
      const ids = mutations.map(({ envelope }) => envelope.id)
      const scanIds = scans.map(({ id }) => id) // a mutation has the id of the scan that it was made from
      const known = new Set((await done.bulkGet([...ids, ...scanIds])).map((entry) => entry?.id))
      await outbox.each(({ envelope }) => known.add(envelope.id))
      const unknown = mutations.filter(({ envelope: { id } }) => !known.has(id) && known.add(id))
      const { nextSeq, broughtFrom = nextSeq } = identity
      const entries = unknown.map((entry, index) => withSeq(entry, nextSeq + index))
      await outbox.bulkAdd(entries)
      if (entries.length > 0)
        await this.#database.writeMeta('identity', { ...identity, nextSeq: nextSeq + entries.length, broughtFrom })
      const stored = await table.bulkGet(scanIds)
      const newScans = scans.filter((_, index) => !stored[index])
      await table.bulkAdd(newScans.map((scan): ScanRecord => ({ ...scan, state: 'unresolved' })))
      const resolved = new Set([...settledScans, ...ids, ...scanIds.filter((id) => known.has(id))])
      await table
        .where('state')
        .equals('unresolved')
        .and(({ id }) => resolved.has(id))
        .modify({ state: 'resolved' })
      return { mutations: entries.length, scans: newScans.length }
    })
  }

  /**
   * Stores the server's answers that say more than "applied", because their stamps are needed if the mutations are sent
   * again. Does not do anything if the device has another client id by now: its mutations then have other numbers.
   */
  async storeResults(clientId: string, results: readonly PushResult[]): Promise<void> {
    const detailed = results.filter(({ at, code }) => at !== undefined || code !== undefined)
    const { meta, outbox } = this.#database
    await this.#database.transaction(detailed.length > 0 ? 'rw' : 'r', [meta, outbox], async () => {
      if ((await this.identity())?.clientId !== clientId) return
      this.answeredUpTo = Math.max(this.answeredUpTo, results.at(-1)?.seq ?? 0)
      if (detailed.length === 0) return
      const entries = await outbox.bulkGet(detailed.map(({ seq }) => seq))
      const answered = detailed.flatMap((result, index) => {
        const entry = entries[index]
        return entry ? [{ ...entry, answer: { ...entry.answer, ...result } }] : []
      })
      await outbox.bulkPut(answered)
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
      .below(this.#now() - DONE_MAX_AGE_MS)
      .delete()
  }

  /**
   * Takes a new client id and renumbers the outbox, inside the caller's transaction. Mutation ids do not change. With
   * `resend`, the acknowledged mutations of the last week go first, at their effective stamps, which are converted to
   * this device's clock so that the server's correction arrives at them again.
   */
  async renumber({ resend, clockOffsetMs }: { resend: boolean; clockOffsetMs: number }): Promise<void> {
    const { outbox, done } = this.#database
    const identity = await this.#database.readMeta('identity')
    const inOrder = await outbox.orderBy('seq').toArray()
    const pending = identity?.broughtFrom === undefined ? inOrder : inOrder.toSorted(byStamp)
    const acknowledged = resend ? await done.toArray() : []
    const resent = acknowledged
      .map(({ envelope, at, answer, scanId }) => ({ envelope, at: answer?.at ?? at, ...withScanId({ scanId }) }))
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map((entry) => ({ ...entry, envelope: withStamp(entry.envelope, toDeviceTime(entry.at, clockOffsetMs)) }))
    const entries = [...resent, ...pending].map((entry, index) =>
      renumber(entry, { seq: index + 1, isNewEpoch: resend }),
    )
    await outbox.clear()
    await outbox.bulkPut(entries)
    if (resend) await done.clear()
    const nextSeq = entries.length + 1
    await this.#database.writeMeta('identity', { clientId: this.#newId(), nextSeq, lastStamp: identity?.lastStamp })
  }

  /**
   * Skips a mutation that the network path rejects even alone. The mutations behind it move up. It stays in the outbox,
   * after all others. If the server has it after all, the ids show that (P1, P4). Does not do anything if the seq
   * belongs to another mutation by now, because the device has started over or another tab was faster.
   */
  async skip({ seq, id }: Pick<Envelope, 'seq' | 'id'>): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      const identity = await this.#database.readMeta('identity')
      const entry = await outbox.get(seq)
      if (!identity || entry?.envelope.id !== id) return
      const { seq: lastSeq } = (await outbox.orderBy('seq').last()) ?? entry
      const behind = await outbox.where('seq').between(seq, SKIPPED_FROM, false, false).toArray()
      await outbox.where('seq').between(seq, SKIPPED_FROM, true, false).delete()
      await outbox.bulkPut([
        ...behind.map((other) => withSeq(other, other.seq - 1)),
        withSeq(entry, Math.max(SKIPPED_FROM, lastSeq + 1)),
      ])
      const { nextSeq, broughtFrom } = identity
      const moved = broughtFrom === undefined ? {} : { broughtFrom: broughtFrom - 1 }
      await this.#database.writeMeta('identity', { ...identity, nextSeq: nextSeq - 1, ...moved })
    })
  }

  /** Moves skipped mutations to the end of the order again. */
  async retrySkipped(): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      const identity = await this.#database.readMeta('identity')
      if (!identity) return
      const skipped = await outbox.where('seq').aboveOrEqual(SKIPPED_FROM).toArray()
      await outbox.bulkDelete(skipped.map(({ seq }) => seq))
      await outbox.bulkPut(skipped.map((entry, index) => withSeq(entry, identity.nextSeq + index)))
      const { nextSeq, broughtFrom = nextSeq, lastStamp } = identity
      // The server does not place a mutation before earlier ones of the same client id. Under a new client id it keeps
      // its own time.
      const isLate = skipped.some(({ envelope }) => envelope.at !== lastStamp)
      const next = { ...identity, nextSeq: nextSeq + skipped.length, ...(isLate && { broughtFrom }) }
      await this.#database.writeMeta('identity', next)
    })
  }

  /**
   * Moves mutations that were acknowledged after `lastSeq` back to the outbox, because the server has lost them.
   * Returns false if that leaves a gap, because the missing ones are older than what is stored.
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
   * Reacts to a jump of the wall clock. If it was set back, pending stamps are shifted at once, so that their age stays
   * correct. A jump forward may have been sleep, so it stays unresolved until the server's clock is known.
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
      const unresolvedJump: UnresolvedClockJump = { beforeSeq, movedMs: (known?.movedMs ?? 0) + Math.min(ms, 0) }
      await this.#database.writeMeta('clockDoubt', unresolvedJump)
      return unresolvedJump
    })
  }

  /** Detects a clock that is behind the last stamp, as after a restart. It was set back by at least that much. */
  async jumpBehindLastStamp(): Promise<ClockJump | undefined> {
    const lastStamp = (await this.identity())?.lastStamp
    const ms = lastStamp === undefined ? 0 : this.#now() - stampMs(lastStamp)
    return ms < -CLOCK_TOLERANCE_MS ? { ms, beforeMs: this.#now() } : undefined
  }

  /**
   * Shifts the stamps by the rest of a jump, now that the server's clock has shown how far this device's clock jumped.
   */
  async shiftRemaining({ beforeSeq, movedMs }: UnresolvedClockJump, jumpedMs: number): Promise<void> {
    const { meta, outbox } = this.#database
    await this.#database.transaction('rw', [meta, outbox], async () => {
      await this.#database.writeMeta('clockDoubt', undefined)
      const remaining = jumpedMs - movedMs
      if (Math.abs(remaining) <= CLOCK_TOLERANCE_MS) return
      const [last] = await outbox.where('seq').below(beforeSeq).reverse().limit(1).toArray()
      const [next] = await this.after(beforeSeq - 1, 1)
      if (!last) return
      // Mutations made after the jump have correct stamps. Earlier ones must not be shifted past them.
      const room = next ? stampMs(next.envelope.at) - stampMs(last.envelope.at) : Number.POSITIVE_INFINITY
      await this.#shiftStamps(Math.min(remaining, Math.max(room, 0)), beforeSeq)
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

function withSeq(entry: Omit<OutboxEntry, 'seq'>, seq: number): OutboxEntry {
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
  return { seq, at, envelope: { ...own, seq }, ...withScanId({ scanId }) }
}

function byStamp(one: OutboxEntry, other: OutboxEntry): number {
  return one.envelope.at < other.envelope.at ? -1 : Number(one.envelope.at > other.envelope.at)
}

/** Moves a mutation to another time of this device's clock, with the other stamps among its arguments. */
export function withStamp(envelope: Envelope, at: string): Envelope {
  const args: Record<string, unknown> = { ...recordedArgs(envelope.args) }
  for (const name of ['takenAt', 'since']) {
    const stamp = args[name]
    if (typeof stamp === 'string') args[name] = shiftStampMs(stamp, { at, madeAt: envelope.at })
  }
  return { ...envelope, at, args }
}

/** Converts a server's stamp to this device's clock. */
function toDeviceTime(stamp: string, clockOffsetMs: number): string {
  return Math.abs(clockOffsetMs) > CLOCK_TOLERANCE_MS ? shiftStamp(stamp, -clockOffsetMs) : stamp
}

function withScanId({ scanId }: { scanId: string | undefined }): { scanId?: string } {
  return scanId === undefined ? {} : { scanId }
}
