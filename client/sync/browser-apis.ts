// What sync uses of the browser besides storage and time. Tests give their own, to decide when a lock is granted, a
// message arrives and the network seems to change.
import type { Locks } from './lock-name.ts'

export interface BrowserApis {
  readonly locks: Locks
  /** Opens a channel to the other tabs of this origin. */
  openChannel(name: string, received: (message: unknown) => void): TabChannel
  /** Returns true while the tab is hidden. */
  isHidden(): boolean
  /** Calls back, until the signal, when the network seems to have changed or the tab has become visible. */
  onNetworkHint(hint: () => void, signal: AbortSignal): void
}

export interface TabChannel {
  /** Sends a copy of the message to the other tabs. */
  postMessage(message: unknown): void
  close(): void
}

/** The browser itself. What Node lacks of it never happens there. */
export const browserApis: BrowserApis = {
  get locks() {
    return navigator.locks
  },
  openChannel(name, received) {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => received(data)
    return channel
  },
  isHidden: () => globalThis.document?.visibilityState === 'hidden',
  onNetworkHint(hint, signal) {
    globalThis.addEventListener?.('online', hint, { signal })
    globalThis.addEventListener?.('offline', hint, { signal })
    globalThis.document?.addEventListener('visibilitychange', () => this.isHidden() || hint(), { signal })
  },
}
