// One exchange with the server: push pending mutations, pull new rows, and recover from refusals.
// Keeps D4, D5, D12, T6.
import type { PullRequest } from '#shared/protocol/wire.ts'
import type { Device } from '../device/device.ts'
import type { LoadProgress } from '../device/connection-status.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import { CatchUp, FirstSync, type LoaderOptions, type Page, Resnapshot } from './page-loaders.ts'
import { withTimeout, PULL_TIMEOUT_MS } from './with-timeout.ts'
import { Pusher, MutationTooLargeError } from './pusher.ts'
import type { SyncTransport } from './sync-transport.ts'
import { RequestError } from './sync-transport.ts'

/** The first page is small, so that a screen full of rows is there while the rest loads. */
const FIRST_PAGE_ROWS = 1_000
/** Large pages for the rest of a first sync, because each page costs a round trip and a transaction. */
const FIRST_SYNC_PAGE_ROWS = 20_000
const PAGE_ROWS = 5_000
/**
 * After this many mutations their rows are pulled. They leave the outbox in one transaction, which then takes half a
 * second.
 */
const PUSH_ROUND_MAX = 5_000

export class Replicator {
  readonly #device: Device
  readonly #transport: SyncTransport
  readonly #clock: Clock
  readonly #pusher: Pusher
  readonly #loaderOptions: LoaderOptions
  readonly #resnapshot: Resnapshot
  /** The version that the last push led to. Undefined if the device's sync point says more. */
  #atLeast: number | undefined
  /** More mutations are pending than one round sends. */
  #hasUnsent = false
  /** The epoch in which this device starts over, and its client id there. */
  #newEpoch = { clientId: '', epoch: 0 }
  /** Up to which seq the server has confirmed that the mutations it has are the ones that this device sent. */
  #answered = { clientId: '', seq: 0 }

  constructor({ device, transport, clock = systemClock }: { device: Device; transport: SyncTransport; clock?: Clock }) {
    this.#device = device
    this.#transport = transport
    this.#clock = clock
    this.#pusher = new Pusher({ source: device.queue, transport, clock })
    this.#loaderOptions = {
      device,
      now: () => clock.now(),
      request: (cursor, signal) => this.#request(cursor, signal),
      acknowledgedBy: async ({ lastSeq }) => ((await this.isForeignAcknowledgement(lastSeq)) ? 0 : lastSeq),
    }
    this.#resnapshot = new Resnapshot(this.#loaderOptions)
  }

  /** Sends pending mutations, oldest first, up to a limit: see `hasUnsent`. Resolves to true if something was sent. */
  async push(signal: AbortSignal, onAnswer: () => void = () => undefined): Promise<boolean> {
    let sentTo = 0
    this.#hasUnsent = false
    for (let sent = 0; ;) {
      signal.throwIfAborted()
      this.#hasUnsent = sent >= PUSH_ROUND_MAX
      if (this.#hasUnsent) return true
      if ((await this.#device.queue.identity()).broughtFrom !== undefined) {
        await this.#device.startOver({ newIdentity: true, resend: false })
        sentTo = 0
      }
      if (await this.#device.clock.correctJump()) await this.#askServerClock(signal)
      const epoch = await this.#epoch(signal)
      if (epoch === undefined) return sent > 0
      try {
        const answer = await this.#pusher.send(epoch, sentTo, signal)
        if (!answer) return sent > 0
        onAnswer()
        sent += answer.count
        sentTo = answer.lastSeq
        this.#atLeast = answer.version
        this.#answered = { clientId: answer.clientId, seq: sentTo }
      } catch (error) {
        if (error instanceof MutationTooLargeError) await this.#device.queue.skip(error.mutation)
        else if (error instanceof RequestError) await this.#recover(error)
        else throw error
        sentTo = 0
      }
    }
  }

  /** Pulls until this device has everything. `onAnswer` is called for each page, before it is applied. */
  async pull(
    signal: AbortSignal,
    onLoading: (loading: LoadProgress) => void,
    onAnswer: () => void = () => undefined,
  ): Promise<void> {
    const firstSync = new FirstSync(this.#loaderOptions, onLoading)
    const catchUp = new CatchUp(this.#loaderOptions)
    let pushed = false
    for (;;) {
      signal.throwIfAborted()
      if (this.#device.syncPoint.value.epoch === 0 && !this.#resnapshot.isStarted) await this.#pushAll(signal)
      const { complete, cursor, epoch } = this.#device.syncPoint.value
      const isResnapshot = complete && cursor === null
      if (!isResnapshot) this.#resnapshot.clear()
      const loader = isResnapshot ? this.#resnapshot : complete ? catchUp : firstSync
      const page = await this.#awaitPage(loader.fetch(signal), signal)
      onAnswer()
      if (!page) continue
      if (epoch !== 0 && page.epoch !== epoch) {
        // No refusal has announced the new epoch: the server was restored with other secrets and cannot read the
        // cursors of the one before.
        await this.#startNewEpoch()
        catchUp.clear()
        continue
      }
      if (complete && !page.more && !pushed && (await this.isForeignAcknowledgement(page.lastSeq))) {
        pushed = await this.push(signal)
        catchUp.clear()
        this.#resnapshot.clear()
        continue
      }
      await loader.add(page, signal)
      if (!page.more) return
    }
  }

  /**
   * Sends everything that is pending. In a new epoch this must happen before the rows arrive. Sends nothing in the
   * first sync.
   */
  async #pushAll(signal: AbortSignal): Promise<void> {
    do await this.push(signal)
    while (this.#hasUnsent)
  }

  /**
   * Returns true if `lastSeq` would acknowledge mutations for which this device has no answer. Another copy of the
   * device (a restored backup of the machine, a copied profile) may have sent something else under that number. Only a
   * push can tell.
   */
  async isForeignAcknowledgement(lastSeq: number): Promise<boolean> {
    if (this.#device.pendingCount.value === 0) return false
    const { clientId } = await this.#device.queue.identity()
    const answered = this.#answered.clientId === clientId ? this.#answered.seq : 0
    if (lastSeq <= answered) return false
    const [first] = await this.#device.queue.after(answered, 1)
    return first !== undefined && first.seq <= lastSeq
  }

  /**
   * Returns true if the last push led to something that this device does not have yet: a version, or the
   * acknowledgement of its own mutations in a version that it has (a first sync does not know whose rows it received).
   */
  get isBehind(): boolean {
    return this.#device.syncPoint.value.version < (this.#atLeast ?? 0) || this.#device.queue.hasUpTo(this.#answered.seq)
  }

  /** Returns true if the last push left mutations for the next one. */
  get hasUnsent(): boolean {
    return this.#hasUnsent
  }

  async #request(cursor: string | null, signal: AbortSignal): Promise<Page> {
    const { clientId } = await this.#device.queue.identity()
    const { complete, epoch, version } = this.#device.syncPoint.value
    const limit = complete ? PAGE_ROWS : cursor === null ? FIRST_PAGE_ROWS : FIRST_SYNC_PAGE_ROWS
    // A full reload has no cursor that says what is on screen. A replica that lags behind must not take it back.
    const atLeast = this.#atLeast ?? (complete && epoch !== 0 ? version : 0)
    return this.#fetch({ clientId, cursor, limit, atLeast }, signal)
  }

  /** The server read its clock at some time between the request and the answer. The known offset is kept if it fits. */
  async #fetch(request: PullRequest & { clientId: string }, signal: AbortSignal): Promise<Page> {
    const askedAt = this.#clock.now()
    const answer = await this.#transport.pull(request, signal)
    const [least, most] = [answer.serverNow - this.#clock.now(), answer.serverNow - askedAt]
    const known = this.#device.syncPoint.value.clockOffsetMs
    return { ...answer, clientId: request.clientId, clockOffsetMs: Math.min(Math.max(known, least), most) }
  }

  /** Returns undefined if the device had to start over. */
  async #awaitPage(page: Promise<Page>, signal: AbortSignal): Promise<Page | undefined> {
    try {
      return await withTimeout(page, { clock: this.#clock, ms: PULL_TIMEOUT_MS, signal })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      await this.#recover(error)
      return undefined
    }
  }

  /** History was rewritten. Sends the acknowledged mutations of the last week again, before the pending ones. */
  #startNewEpoch(): Promise<void> {
    this.#answered = { clientId: '', seq: 0 }
    this.#atLeast = 0
    this.#resnapshot.clear()
    return this.#device.startOver({ newIdentity: true, resend: true })
  }

  /**
   * Returns the current epoch. A device that starts over asks the server, because its pending mutations may already be
   * among the rows, sent under another number, and must be acknowledged together with them. Returns undefined in the
   * first sync, whose pull learns the epoch.
   */
  async #epoch(signal: AbortSignal): Promise<number | undefined> {
    const { epoch, complete } = this.#device.syncPoint.value
    if (epoch !== 0) return epoch
    if (!complete) return undefined
    const { clientId } = await this.#device.queue.identity()
    if (this.#newEpoch.clientId !== clientId) {
      const request = this.#fetch({ clientId, cursor: null, limit: 1 }, signal)
      const answer = await withTimeout(request, { clock: this.#clock, ms: PULL_TIMEOUT_MS, signal })
      this.#newEpoch = { clientId, epoch: answer.epoch }
    }
    return this.#newEpoch.epoch
  }

  /** The clock was set. Asks for the server's time before any mutation is sent with a stamp from before. */
  async #askServerClock(signal: AbortSignal): Promise<void> {
    const { clientId } = await this.#device.queue.identity()
    const { cursor } = this.#device.syncPoint.value
    const answer = await this.#awaitPage(this.#fetch({ clientId, cursor, limit: 1 }, signal), signal)
    if (answer) await this.#device.clock.resolveJump(answer.clockOffsetMs)
  }

  /** Recovers from a refusal. Throws it if only time or a person can help. */
  async #recover(failure: RequestError): Promise<void> {
    this.#answered = { clientId: '', seq: 0 }
    switch (failure.refusal) {
      case 'gap':
        return this.#device.queue.requeueAfter(failure.lastSeq ?? 0)
      case 'seq_reused':
      case 'device_taken':
        return this.#device.startOver({ newIdentity: true, resend: false })
      case 'epoch_changed':
        return this.#startNewEpoch()
      case 'resnapshot':
        this.#resnapshot.clear()
        this.#atLeast = undefined
        return this.#device.startOver({ newIdentity: false, resend: false })
      case 'unavailable':
        // A restored server may never reach the version that a push led to. The next pull accepts any version.
        this.#atLeast = 0
        throw failure
      case undefined:
      default:
        throw failure
    }
  }
}
