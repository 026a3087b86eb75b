// What the tabs of a device say of themselves, at every moment: never a lie, and never two things.
import { isStorageFailure } from '../../../client/device/storage/storage-failure.ts'
import { InvariantViolation } from './invariant-violation.ts'
import { metaOn } from '../device/disk.ts'
import type { SimulatedDevice } from '../device/simulated-device.ts'
import type { SimulatedTab } from '../device/simulated-tab.ts'

/** The others ask the leading tab every three seconds how it stands, and wait a second for its answer. */
const SILENCE_NOTICED_WITHIN_MS = 4_500

export function checkTabs(device: SimulatedDevice): void {
  const [broken] = device.broken
  if (broken) throw broken
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

/** Only the tab that leads listens to the server. */
function checkLead({ agent, leads, openSockets }: SimulatedTab): void {
  if (!leads && openSockets.length > 0)
    throw new InvariantViolation(13, `${agent.name} does not lead, and listens to the server`)
}

function checkStatus(tab: SimulatedTab): void {
  const { agent, device, host, leads, session, sync } = tab
  const { link: state } = sync.status.value
  const { since } = host.awakeNow
  const { monotonic } = host.time
  const leader = host.awake.find((other) => other.leads)
  if (host.mustBeSilent !== (state === 'paused') && (host.mustBeSilent || !metaOn(host.storage).paused))
    throw new InvariantViolation(
      12,
      `${agent.name} says ${state}; its person ${host.mustBeSilent ? 'works offline' : 'does not'}`,
    )
  if (leads && state === 'online' && !agent.wasAnswered)
    throw new InvariantViolation(12, `${agent.name} says online; nobody answered`)
  if (leads && state === 'signed_out' && !session.expired.value)
    throw new InvariantViolation(12, `${agent.name} says signed_out; its session has not ended`)
  if (leads || host.mustBeSilent || state === 'connecting') return
  const knowsItself = device.offlineMode.isOn || monotonic - since < SILENCE_NOTICED_WITHIN_MS
  if (leader ? state === leader.sync.status.value.link : knowsItself) return
  const truth = leader ? `${leader.agent.name}, which leads, ${leader.sync.status.value.link}` : 'nobody answers it'
  throw new InvariantViolation(13, `${agent.name} says ${state}; ${truth}`)
}

/** What a tab shows is what the disk has: the same version, and as much that waits. */
function checkMemory({ agent, device, host }: SimulatedTab): void {
  const { point } = metaOn(host.storage)
  const { version, cursor, complete } = device.syncPoint.value
  if (!complete && !point?.complete) return // followers read a first sync once, when it is all there
  if (cursor !== (point?.cursor ?? null) || version !== (point?.version ?? 0))
    throw new InvariantViolation(
      13,
      `${agent.name} shows version ${version}; the disk of ${host.name} has ${point?.version ?? 0}`,
    )
  const waiting = host.outbox().length
  if (device.pendingCount.value !== waiting)
    throw new InvariantViolation(
      13,
      `${agent.name} shows ${device.pendingCount.value} that wait; the disk has ${waiting}`,
    )
}
