// The tabs of one device: one leads and talks to the server, all show the same. Keeps D9.
import type { Device, Told } from '../device/device.ts'

/** Joins the other tabs. `lead` is called once this tab leads, with a signal for its end. Returns how to leave. */
export function joinTabs({
  name,
  device,
  lead,
}: {
  name: string
  device: Device
  lead: (signal: AbortSignal) => Promise<void>
}): () => void {
  const channel = new BroadcastChannel(name)
  const leaving = new AbortController()
  device.tell = (told) => channel.postMessage(told)
  let following = Promise.resolve()
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    following = following.then(async () => {
      if (!device.follow(data)) await device.reread()
    })
  }
  // Another tab that leads is waited for; when it closes, crashes or freezes out, the lock comes here.
  void navigator.locks
    .request(name, { signal: leaving.signal }, () => lead(leaving.signal))
    .catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error
    })
  return () => {
    leaving.abort()
    channel.close()
    device.tell = () => undefined
  }
}
