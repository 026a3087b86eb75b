// One exchange with the server: push what waits, pull what is new. What a refusal asks for is done here. Keeps D4, D5, D12, T6.
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

/** The very first rows come alone: a screen full of them is there while the rest is under way. */
const GLANCE = 1_000
/** Large pages for the rest of a first sync: each costs a round trip and a transaction. */
const FIRST_PAGE = 20_000
const PAGE = 5_000
/** After so many what they made is fetched: they leave the outbox in one transaction, and these take half a second. */
const PUSHED_MAX = 5_000

export class Replicator {
  readonly #device: Device
  readonly #transport: SyncTransport
  readonly #clock: Clock
  readonly #pusher: Pusher
  readonly #loaderOptions: LoaderOptions
  readonly #resnapshot: Resnapshot
  /** The version that the last push led to. Undefined where what this device shows says more. */
  #atLeast: number | undefined
  /** More waits than was sent at once. */
  #isUnsent = false
  /** The epoch that this device begins anew in, as the client that it is there. */
  #newEpoch = { clientId: '', epoch: 0 }
  /** How far the server has said that what it took is what this device sent. */
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

  /** Sends what waits, oldest first, up to a limit: see `isUnsent`. Resolves to true where something was sent. */
  async push(signal: AbortSignal, onAnswer: () => void = () => undefined): Promise<boolean> {
    let sentTo = 0
    this.#isUnsent = false
    for (let sent = 0; ;) {
      signal.throwIfAborted()
      this.#isUnsent = sent >= PUSHED_MAX
      if (this.#isUnsent) return true
      if ((await this.#device.queue.identity()).broughtFrom !== undefined) {
        await this.#device.startOver({ newIdentity: true, resend: false })
        sentTo = 0
      }
      if (await this.#device.clock.correctJump()) await this.#askClock(signal)
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
      const page = await this.#answerOf(loader.fetch(signal), signal)
      onAnswer()
      if (!page) continue
      if (epoch !== 0 && page.epoch !== epoch) {
        // No refusal has announced the new epoch: the server was restored with other secrets and cannot read the cursors
        // of the one before.
        await this.#beginInNewEpoch()
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

  /** All that waits: in another epoch it goes out before the rows come. In the first sync nothing does. */
  async #pushAll(signal: AbortSignal): Promise<void> {
    do await this.push(signal)
    while (this.#isUnsent)
  }

  /**
   * True where `lastSeq` would acknowledge what this device has no answer for. Another copy of it (a restored backup of
   * the machine, a copied profile) may have sent something else under that number: pushing tells.
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
   * True where the last push led to what this device does not hold yet: a version, or, where it holds that already, the
   * word that its own is among it (a first sync does not know whose it took in).
   */
  get isBehind(): boolean {
    return this.#device.syncPoint.value.version < (this.#atLeast ?? 0) || this.#device.queue.hasUpTo(this.#answered.seq)
  }

  /** True where the last push left something for the next one. */
  get isUnsent(): boolean {
    return this.#isUnsent
  }

  async #request(cursor: string | null, signal: AbortSignal): Promise<Page> {
    const { clientId } = await this.#device.queue.identity()
    const { complete, epoch, version } = this.#device.syncPoint.value
    const limit = complete ? PAGE : cursor === null ? GLANCE : FIRST_PAGE
    // Where all is loaded anew no cursor says what is shown already: a replica that lags must not take it back.
    const atLeast = this.#atLeast ?? (complete && epoch !== 0 ? version : 0)
    return this.#fetch({ clientId, cursor, limit, atLeast }, signal)
  }

  /** The server read its clock somewhere between asking and hearing: the offset known so far stands where it fits. */
  async #fetch(request: PullRequest & { clientId: string }, signal: AbortSignal): Promise<Page> {
    const askedAt = this.#clock.now()
    const answer = await this.#transport.pull(request, signal)
    const [least, most] = [answer.serverNow - this.#clock.now(), answer.serverNow - askedAt]
    const known = this.#device.syncPoint.value.clockOffsetMs
    return { ...answer, clientId: request.clientId, clockOffsetMs: Math.min(Math.max(known, least), most) }
  }

  /** A page; undefined where the device had to begin again. */
  async #answerOf(page: Promise<Page>, signal: AbortSignal): Promise<Page | undefined> {
    try {
      return await withTimeout(page, { clock: this.#clock, ms: PULL_TIMEOUT_MS, signal })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      await this.#recover(error)
      return undefined
    }
  }

  /** History was rewritten: what was acknowledged in the last week goes out again, before what waits. */
  #beginInNewEpoch(): Promise<void> {
    this.#answered = { clientId: '', seq: 0 }
    this.#atLeast = 0
    this.#resnapshot.clear()
    return this.#device.startOver({ newIdentity: true, resend: true })
  }

  /**
   * Which epoch it is: asked where this device begins anew, since what waits may be among the rows already, sent before
   * under another number, and must be acknowledged together with them. Undefined in the first sync, whose pull tells it.
   */
  async #epoch(signal: AbortSignal): Promise<number | undefined> {
    const { epoch, complete } = this.#device.syncPoint.value
    if (epoch !== 0) return epoch
    if (!complete) return undefined
    const { clientId } = await this.#device.queue.identity()
    if (this.#newEpoch.clientId !== clientId) {
      const asking = this.#fetch({ clientId, cursor: null, limit: 1 }, signal)
      const answer = await withTimeout(asking, { clock: this.#clock, ms: PULL_TIMEOUT_MS, signal })
      this.#newEpoch = { clientId, epoch: answer.epoch }
    }
    return this.#newEpoch.epoch
  }

  /** The clock was set: what the server's reads, asked before what waits is sent with stamps of before. */
  async #askClock(signal: AbortSignal): Promise<void> {
    const { clientId } = await this.#device.queue.identity()
    const { cursor } = this.#device.syncPoint.value
    const answer = await this.#answerOf(this.#fetch({ clientId, cursor, limit: 1 }, signal), signal)
    if (answer) await this.#device.clock.resolveJump(answer.clockOffsetMs)
  }

  /** Does what a refusal asks for, or throws it on where only time or a person can help. */
  async #recover(failure: RequestError): Promise<void> {
    this.#answered = { clientId: '', seq: 0 }
    switch (failure.refusal) {
      case 'gap':
        return this.#device.queue.requeueAfter(failure.lastSeq ?? 0)
      case 'seq_reused':
      case 'device_taken':
        return this.#device.startOver({ newIdentity: true, resend: false })
      case 'epoch_changed':
        return this.#beginInNewEpoch()
      case 'resnapshot':
        this.#resnapshot.clear()
        this.#atLeast = undefined
        return this.#device.startOver({ newIdentity: false, resend: false })
      case 'unavailable':
        // A server that was restored may never reach the version that a push led to: what it holds will do next time.
        this.#atLeast = 0
        throw failure
      case undefined:
      default:
        throw failure
    }
  }
}
