// Rules for what the tabs of a device report about themselves at every moment: always true, and the same in all tabs.
import { isStorageFailure } from '../../../client/device/storage/storage-failure.ts'
import { InvariantViolation } from './invariant-violation.ts'
import { metaOn } from '../device/disk.ts'
import type { SimulatedDevice } from '../device/simulated-device.ts'
import type { SimulatedTab } from '../device/simulated-tab.ts'

/** Other tabs ask the leader for its status every three seconds and wait a second for the answer. */
const SILENCE_NOTICED_WITHIN_MS = 4_500

export function checkTabs(device: SimulatedDevice): void {
  const [violation] = device.violations
  if (violation) throw violation
  for (const error of [...device.reported, ...device.tabs.flatMap(({ agent }) => agent.reported)]) {
    if (device.wasFull && isStorageFailure(error)) continue
    throw new Error(`${device.name} reports a bug: ${String(error)}`, { cause: error })
  }
  const who = device.awake.map(({ agent, leads }) => `${agent.name} ${leads}`).join()
  if (who !== device.awakeNow.who) device.awakeNow = { who, since: device.time.monotonic }
  for (const tab of device.awake) {
    checkLead(tab)
    checkStatus(tab)
    checkMemory(tab)
  }
}

/** Only the leader listens to the server. */
function checkLead({ agent, leads, openSockets }: SimulatedTab): void {
  if (!leads && openSockets.length > 0)
    throw new InvariantViolation(13, `${agent.name} does not lead, but listens to the server`)
}

function checkStatus(tab: SimulatedTab): void {
  const { agent, device, host, leads, session, sync } = tab
  const { link: state } = sync.status.value
  const { since } = host.awakeNow
  const { monotonic } = host.time
  const leader = host.awake.find((other) => other.leads)
  if (host.mustNotSend !== (state === 'paused') && (host.mustNotSend || !metaOn(host.storage).paused))
    throw new InvariantViolation(
      12,
      `${agent.name} reports ${state}, but its user ${host.mustNotSend ? 'works offline' : 'does not work offline'}`,
    )
  if (leads && state === 'online' && !agent.wasAnswered)
    throw new InvariantViolation(12, `${agent.name} reports online, but no server answered`)
  if (leads && state === 'signed_out' && !session.expired.value)
    throw new InvariantViolation(12, `${agent.name} reports signed_out, but its session has not ended`)
  if (leads || host.mustNotSend || state === 'connecting') return
  const knowsItself = device.offlineMode.isOn || monotonic - since < SILENCE_NOTICED_WITHIN_MS
  if (leader ? state === leader.sync.status.value.link : knowsItself) return
  const truth = leader
    ? `the leader ${leader.agent.name} reports ${leader.sync.status.value.link}`
    : 'no leader answers'
  throw new InvariantViolation(13, `${agent.name} reports ${state}, but ${truth}`)
}

/** A tab shows the same version and the same number of pending mutations as the disk. */
function checkMemory({ agent, device, host }: SimulatedTab): void {
  const { point } = metaOn(host.storage)
  const { version, cursor, complete } = device.syncPoint.value
  if (!complete && !point?.complete) return // followers read the first sync once, when it is complete
  if (cursor !== (point?.cursor ?? null) || version !== (point?.version ?? 0))
    throw new InvariantViolation(
      13,
      `${agent.name} shows version ${version}, but the disk of ${host.name} has ${point?.version ?? 0}`,
    )
  const pending = host.outbox().length
  if (device.pendingCount.value !== pending)
    throw new InvariantViolation(
      13,
      `${agent.name} shows ${device.pendingCount.value} pending mutations, but the disk has ${pending}`,
    )
}
