// The network: a bag of messages. In bad weather whatever is in it may arrive, in any order, late, twice or never, as the
// plan decides; in good weather it flows. Only the messages of one socket keep their order, as TCP has them keep it.
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { ServerEvent } from '../../../server/events/commit-event.ts'
import type { Random } from '../random.ts'
import type { SimulatedSocket } from '../device/simulated-socket.ts'

/** How a server answered, or how it did not. */
export type Reply =
  | { ok: true; value: unknown }
  | { ok: false; refusal?: string; lastSeq?: number; retryAfterMs?: number }

/** What a server says on a socket. */
export type Frame = { type: 'message'; message: LiveMessage } | { type: 'refused'; code: string } | { type: 'closed' }

interface Sent {
  /** By it messages are told apart and ordered: which arrives when must not depend on how fast PostgreSQL is. */
  key: string
  /** Undefined between servers. */
  device?: string
}

export interface Request extends Sent {
  kind: 'request'
  device: string
  path: 'push' | 'pull' | 'refresh'
  accessToken: string
  input: unknown
  sentAt: number
  answer(reply: Reply): void
}

export interface SentAnswer extends Sent {
  kind: 'answer'
  path: Request['path']
  reply: Reply
  answer(reply: Reply): void
}

/** A socket's opening. */
export interface Dial extends Sent {
  kind: 'dial'
  device: string
  socket: SimulatedSocket
}

export interface FrameSent extends Sent {
  kind: 'frame'
  socket: SimulatedSocket
  frame: Frame
}

/** What one server tells another of a commit, or of a session that is over. */
export interface NoticeSent extends Sent {
  kind: 'notice'
  to: number
  notice: ServerEvent
}

export type Message = Request | SentAnswer | Dial | FrameSent | NoticeSent

export class Network {
  #messages: Message[] = []
  readonly #numbers = new Map<string, number>()
  /** Devices in good weather, with the server that they reach. */
  readonly #weather = new Map<string, number>()
  /** Whether notices between servers flow. */
  busFlows = true

  /** A key that comes after all before it of the same kind. */
  key(of: string): string {
    const number = (this.#numbers.get(of) ?? 0) + 1
    this.#numbers.set(of, number)
    return `${of} ${String(number).padStart(6, '0')}`
  }

  send(message: Message): void {
    this.#messages.push(message)
  }

  reply({ key, device, path, answer }: Request, reply: Reply): void {
    this.send({ kind: 'answer', key: this.key(`${key}, answered`), device, path, reply, answer })
  }

  /** Undefined ends it. */
  setWeather(device: string, replica: number | undefined): void {
    if (replica === undefined) this.#weather.delete(device)
    else this.#weather.set(device, replica)
  }

  isFair(device: string): boolean {
    return this.#weather.has(device)
  }

  replicaOf({ device }: Message): number {
    return this.#weather.get(device ?? '') ?? 0
  }

  /** Takes a message that flows by itself, any of them. */
  takeFlowing(random: Random): Message | undefined {
    const isFlowing = (message: Message) =>
      message.device === undefined ? this.busFlows : this.#weather.has(message.device)
    return this.take(random.below(1_000), isFlowing)
  }

  /** Takes a message out of the bag; undefined where it is empty, or holds none that fits. */
  take(pick: number, fits: (message: Message) => boolean = () => true): Message | undefined {
    if (this.#messages.length === 0) return undefined
    const fitting = this.#inOrder().filter(fits)
    const message = fitting[pick % Math.max(1, fitting.length)]
    if (message) this.#messages = this.#messages.filter((one) => one !== message)
    return message
  }

  takeAll(fits: (message: Message) => boolean): Message[] {
    const fitting = this.#inOrder().filter(fits)
    this.#messages = this.#messages.filter((message) => !fitting.includes(message))
    return fitting
  }

  putBack(message: Message): void {
    this.#messages.push(message)
  }

  /** What a socket was still to hear is lost with it. */
  dropFramesOf(socket: SimulatedSocket): void {
    this.#messages = this.#messages.filter((message) => !(message.kind === 'frame' && message.socket === socket))
  }

  /** All that could arrive next: of a socket only what was said first. */
  #inOrder(): Message[] {
    const sockets = new Set<SimulatedSocket>()
    return this.#messages
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .filter((message) => {
        if (message.kind !== 'frame') return true
        const isFirst = !sockets.has(message.socket)
        sockets.add(message.socket)
        return isFirst
      })
  }
}

/** Nobody answered. */
export const SILENCE: Reply = { ok: false }

export function describe(message: Message): string {
  const { kind, key } = message
  switch (kind) {
    case 'request':
      return key
    case 'answer':
      return `${key.replace(/, answered.*/, '')}'s answer`
    case 'dial':
      return `${key}, opening,`
    case 'frame':
      return `${key} (${inWords(message.frame)})`
    case 'notice':
      return 'to' in message.notice ? `${key} of version ${message.notice.to}` : `${key} of an end`
  }
}

function inWords(frame: Frame): string {
  if (frame.type !== 'message') return frame.type === 'closed' ? 'the end' : frame.code
  const { from, to, tables } = frame.message
  return from === to ? `head ${to}` : `${from} to ${to}${tables ? '' : ', a poke'}`
}
