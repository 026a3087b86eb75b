// The queue of one live socket. Bounds its memory, and ends it with its session. Keeps V3–V4.
import { LIVE_HEAD_INTERVAL_MS } from '#shared/protocol/limits.ts'
import type { CommitEvent, SessionsEnded } from '../events/commit-event.ts'
import type { Timer } from './timer.ts'

/** A socket with more events in its queue gets a head instead, which makes its device pull. Bounds the memory per socket. */
const QUEUE_MAX = 100

export class LiveQueue {
  readonly #signal: AbortSignal
  readonly #timer: Timer
  readonly #owner: { userId: string; sessionId: string }
  #queue: (CommitEvent | 'head')[] = []
  #isEnded = false
  #notify: (() => void) | undefined

  constructor(parts: { signal: AbortSignal; timer: Timer; owner: { userId: string; sessionId: string } }) {
    const { signal, timer, owner } = parts
    this.#signal = signal
    this.#timer = timer
    this.#owner = owner
    signal.addEventListener('abort', () => this.#notify?.(), { once: true })
  }

  offer(event: CommitEvent): void {
    if (this.#queue.length >= QUEUE_MAX) this.#queue = ['head']
    else this.#queue.push(event)
    this.#notify?.()
  }

  isOf(ended: SessionsEnded): boolean {
    return 'endedUser' in ended ? ended.endedUser === this.#owner.userId : ended.endedSession === this.#owner.sessionId
  }

  end(): void {
    this.#isEnded = true
    this.#notify?.()
  }

  /** The next event, 'head' after a silence, or 'end' if the session has ended. */
  async next(): Promise<CommitEvent | 'head' | 'end'> {
    if (this.#queue.length === 0 && !this.#signal.aborted && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        const cancel = this.#timer(LIVE_HEAD_INTERVAL_MS, resolve)
        this.#notify = () => {
          cancel()
          resolve()
        }
      })
      this.#notify = undefined
    }
    return this.#isEnded ? 'end' : (this.#queue.shift() ?? 'head')
  }
}
