// The clock of a tab or service worker. It may be wrong, its timers stop while the machine sleeps, and fire late if the
// tab was frozen.
import type { Clock } from '#shared/values/clock.ts'
import type { Agent } from './agent.ts'
import type { Random } from '../random.ts'
import type { VirtualTime } from '../world/virtual-time.ts'

export function agentClock(agent: Agent, host: { time: VirtualTime; now: number }, random: Random): Clock {
  const { time } = host
  return {
    now: () => host.now,
    monotonic: () => time.monotonic,
    random: () => random.next(),
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const cancel = Number.isFinite(ms) ? time.afterAwake(ms, () => agent.receive(done)) : () => undefined
        const done = () => {
          cancel()
          signal?.removeEventListener('abort', done)
          resolve()
        }
        signal?.addEventListener('abort', done)
      }),
  }
}
