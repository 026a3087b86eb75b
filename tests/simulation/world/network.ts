// The network: a set of messages in flight. With a bad connection each may arrive in any order, late, twice or never,
// as the plan decides. With a good connection they are delivered automatically. Only the messages of one socket keep
// their order, as with TCP.
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { ServerEvent } from '../../../server/events/commit-event.ts'
import type { Random } from '../random.ts'
import type { SimulatedSocket } from '../device/simulated-socket.ts'

/** The answer of a server, or a failure to answer. */
export type Reply =
  | { ok: true; value: unknown }
  | { ok: false; refusal?: string; lastSeq?: number; retryAfterMs?: number }

/** A message of a server on a socket. */
export type Frame = { type: 'message'; message: LiveMessage } | { type: 'refused'; code: string } | { type: 'closed' }

interface Sent {
  /** Identifies and orders messages, so that their order does not depend on the speed of PostgreSQL. */
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

/** A request to open a socket. */
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

/** A notice from one server to another, of a commit or of a session that has ended. */
export interface NoticeSent extends Sent {
  kind: 'notice'
  to: number
  notice: ServerEvent
}

export type Message = Request | SentAnswer | Dial | FrameSent | NoticeSent

export class Network {
  #messages: Message[] = []
  readonly #numbers = new Map<string, number>()
  /** Devices with a good connection, with the server that they reach. */
  readonly #goodConnections = new Map<string, number>()
  /** Whether notices between servers are delivered automatically. */
  isBusConnected = true

  /** Returns a key that sorts after all earlier ones of the same kind. */
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

  /** Gives a device a good connection to a server, or a bad one if the server is undefined. */
  setGoodConnection(device: string, replica: number | undefined): void {
    if (replica === undefined) this.#goodConnections.delete(device)
    else this.#goodConnections.set(device, replica)
  }

  hasGoodConnection(device: string): boolean {
    return this.#goodConnections.has(device)
  }

  replicaOf({ device }: Message): number {
    return this.#goodConnections.get(device ?? '') ?? 0
  }

  /** Takes any message that is delivered automatically. */
  takeDeliverable(random: Random): Message | undefined {
    const isDeliverable = (message: Message) =>
      message.device === undefined ? this.isBusConnected : this.#goodConnections.has(message.device)
    return this.take(random.below(1_000), isDeliverable)
  }

  /** Takes a message out of the network. Returns undefined if none matches. */
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

  /** The undelivered messages of a socket are lost with it. */
  dropFramesOf(socket: SimulatedSocket): void {
    this.#messages = this.#messages.filter((message) => !(message.kind === 'frame' && message.socket === socket))
  }

  /** All messages that may arrive next. Of each socket only the first one may. */
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

/** No answer. */
export const SILENCE: Reply = { ok: false }

export function describe(message: Message): string {
  const { kind, key } = message
  switch (kind) {
    case 'request':
      return key
    case 'answer':
      return `${key.replace(/, answered.*/, '')}'s answer`
    case 'dial':
      return `${key}'s opening`
    case 'frame':
      return `${key} (${describeFrame(message.frame)})`
    case 'notice':
      return 'to' in message.notice ? `${key} of version ${message.notice.to}` : `${key} of an ended session`
  }
}

function describeFrame(frame: Frame): string {
  if (frame.type !== 'message') return frame.type === 'closed' ? 'the end' : frame.code
  const { from, to, tables } = frame.message
  return from === to ? `head ${to}` : `${from} to ${to}${tables ? '' : ', a poke'}`
}
