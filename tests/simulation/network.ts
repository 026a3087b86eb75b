// The network: a bag of messages. Whatever is in it may arrive, in any order, late, twice or never; the plan decides.

/** How a server answered, or how it did not. */
export type Reply =
  | { ok: true; value: unknown }
  | { ok: false; refusal?: string; lastSeq?: number; retryAfterMs?: number }

export interface Request {
  kind: 'request'
  no: number
  device: string
  path: 'push' | 'pull'
  accessToken: string
  input: unknown
  sentAt: number
  answer(reply: Reply): void
}

export interface Answer {
  kind: 'answer'
  no: number
  device: string
  path: 'push' | 'pull'
  reply: Reply
  answer(reply: Reply): void
}

export type Message = Request | Answer

export class Network {
  #messages: Message[] = []
  #no = 0

  send(request: Omit<Request, 'kind' | 'no'>): void {
    this.#messages.push({ ...request, kind: 'request', no: (this.#no += 1) })
  }

  reply(request: Request, reply: Reply): void {
    const { no, device, path, answer } = request
    this.#messages.push({ kind: 'answer', no, device, path, reply, answer })
  }

  /** Takes a message out of the bag; undefined where it is empty, or holds none that fits. */
  take(pick: number, fits: (message: Message) => boolean = () => true): Message | undefined {
    const fitting = this.#messages.filter(fits)
    const message = fitting[pick % Math.max(1, fitting.length)]
    if (message) this.#messages = this.#messages.filter((one) => one !== message)
    return message
  }

  takeAll(fits: (message: Message) => boolean): Message[] {
    const fitting = this.#messages.filter(fits)
    this.#messages = this.#messages.filter((message) => !fits(message))
    return fitting
  }

  putBack(message: Message): void {
    this.#messages.push(message)
  }
}

/** Nobody answered. */
export const SILENCE: Reply = { ok: false }

export function describe({ kind, no, device, path }: Message): string {
  return kind === 'request'
    ? `${device}'s ${path} (message ${no})`
    : `the answer to ${device}'s ${path} (message ${no})`
}
