// One exchange with the server: push what waits, pull what is new. What a refusal asks for is done here. Keeps X1–X6.
import type { PullAnswer } from '#shared/protocol/wire.ts'
import { PUSH_MAX } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'
import type { OutboxEntry, SyncPoint } from '../device/database.ts'
import type { Device } from '../device/device.ts'
import type { Clock } from './clock.ts'
import { browserClock } from './clock.ts'
import type { ServerLink } from './server-link.ts'
import { LinkFailure } from './server-link.ts'

/** Below the server's 512 KB, with room for the frame and for what a proxy adds. */
const PUSH_BYTES = 400 * 1024
/** Large pages for the first sync: each costs a round trip and a transaction. */
const FIRST_PAGE = 20_000
const PAGE = 5_000

export interface Loading {
  rows: number
  /** 0 … 1 */
  fraction: number
}

export class Exchange {
  readonly #device: Device
  readonly #link: ServerLink
  readonly #clock: Clock
  /** How many mutations the next push may hold: halved when the server finds one too large. */
  #pushMax = PUSH_MAX
  /** The version that the last push led to. */
  #atLeast = 0

  constructor({ device, link, clock = browserClock }: { device: Device; link: ServerLink; clock?: Clock }) {
    this.#device = device
    this.#link = link
    this.#clock = clock
  }

  /** Sends all that waits, oldest first. Resolves to true where something was sent. */
  async push(signal: AbortSignal, onAnswer: () => void = () => undefined): Promise<boolean> {
    let sentTo = 0
    for (let sent = false; ; sent = true) {
      signal.throwIfAborted()
      const { epoch } = this.#device.point.value
      if (epoch === 0) return sent // the first pull tells it
      const { clientId } = await this.#device.identity()
      const batch = fitting(await this.#device.after(sentTo, this.#pushMax))
      if (batch.length === 0) return sent
      try {
        const mutations = batch.map(({ envelope }) => envelope)
        const answer = await this.#link.push({ clientId, epoch, deviceNow: this.#clock.now(), mutations })
        onAnswer()
        sentTo = answer.lastSeq
        this.#atLeast = answer.version
        this.#pushMax = PUSH_MAX
      } catch (error) {
        if (!(error instanceof LinkFailure)) throw error
        await this.#recover(error, batch)
        sentTo = 0
      }
    }
  }

  /** Pulls until this device holds everything. In the first sync the next page travels while this one is taken in. */
  async pull(
    signal: AbortSignal,
    onLoading: (loading: Loading) => void,
    onAnswer: () => void = () => undefined,
  ): Promise<void> {
    const aside: PullAnswer[] = []
    let ahead: Promise<PullAnswer> | undefined
    for (;;) {
      signal.throwIfAborted()
      const point = this.#device.point.value
      const cursor = aside.at(-1)?.cursor ?? point.cursor
      const answer = await this.#ask(ahead ?? this.#request(cursor))
      ahead = undefined
      onAnswer()
      if (!answer) continue
      aside.push(answer)
      if (!point.complete) {
        if (answer.more) ahead = this.#request(answer.cursor)
        ahead?.catch(() => undefined) // looked at when its turn comes
        await this.#device.arrive({ tables: answer.tables, point: this.#pointAt(answer), lastSeq: answer.lastSeq })
        onLoading({ rows: this.#device.size, fraction: fractionOf(answer) })
        aside.length = 0
      } else if (!answer.more) {
        const tables = joined(aside.map((page) => page.tables))
        await this.#device.arrive({ tables, point: this.#pointAt(answer), lastSeq: answer.lastSeq })
      }
      if (!answer.more) return
    }
  }

  /** True where the last push led to a version that this device does not hold yet. */
  get isBehind(): boolean {
    return this.#device.point.value.version < this.#atLeast
  }

  async #request(cursor: string | null): Promise<PullAnswer> {
    const { clientId } = await this.#device.identity()
    const { complete } = this.#device.point.value
    return this.#link.pull({ clientId, cursor, limit: complete ? PAGE : FIRST_PAGE, atLeast: this.#atLeast })
  }

  /** A page; undefined where the device had to begin again. */
  async #ask(page: Promise<PullAnswer>): Promise<PullAnswer | undefined> {
    try {
      return await page
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error
      await this.#recover(error, [])
      return undefined
    }
  }

  #pointAt(answer: PullAnswer): SyncPoint {
    const { epoch, version, cursor, more, serverNow, lastAt } = answer
    const clockOffsetMs = serverNow - this.#clock.now()
    const { asOf } = this.#device.point.value
    return { cursor, epoch, version, complete: !more, asOf: more ? asOf : this.#clock.now(), clockOffsetMs, lastAt }
  }

  /** Does what a refusal asks for, or throws it on where only time or a person can help. */
  async #recover(failure: LinkFailure, batch: OutboxEntry[]): Promise<void> {
    switch (failure.refusal) {
      case 'gap':
        return this.#device.sendAgainAfter(failure.lastSeq ?? 0)
      case 'seq_reused':
      case 'device_taken':
        return this.#device.startOver({ newIdentity: true, resend: false })
      case 'epoch_changed':
        this.#atLeast = 0
        return this.#device.startOver({ newIdentity: true, resend: true })
      case 'resnapshot':
        return this.#device.startOver({ newIdentity: false, resend: false })
      case 'too_large':
      case 'too_many':
        if (batch.length <= 1) throw failure
        this.#pushMax = Math.max(1, Math.floor(batch.length / 2))
        return undefined
      case undefined:
      default:
        throw failure
    }
  }
}

/** As many of the oldest as fit into one request. */
function fitting(entries: OutboxEntry[]): OutboxEntry[] {
  let bytes = 0
  let count = 0
  for (const { envelope } of entries) {
    bytes += JSON.stringify(envelope).length * 1.1 // texts beyond ASCII are few, and 512 KB leaves room
    if (count > 0 && bytes > PUSH_BYTES) break
    count += 1
  }
  return entries.slice(0, count)
}

/** How far a first sync has come: its rows arrive in the order of their versions. */
function fractionOf({ tables, version, more }: PullAnswer): number {
  if (!more) return 1
  let reached = 0
  for (const kind of KINDS) {
    const table = tables[kind]
    const column = table?.columns.indexOf('version') ?? -1
    const last = table?.rows.at(-1)?.[column]
    if (typeof last === 'number') reached = Math.max(reached, last)
  }
  return version === 0 ? 0 : Math.min(0.99, reached / version)
}

function joined(pages: WireTables[]): WireTables {
  const [first = {}, ...rest] = pages
  const all: WireTables = { ...first }
  for (const page of rest) {
    for (const kind of KINDS) {
      const table = page[kind]
      if (!table) continue
      const known = all[kind]
      all[kind] = known ? { columns: known.columns, rows: [...known.rows, ...table.rows] } : table
    }
  }
  return all
}
