// The lock that whoever pushes holds: the leading tab, or the service worker.
const PREFIX = 'stockhand-sync-'

export function lockName(deviceName: string): string {
  return `${PREFIX}${deviceName}`
}

/** True while a tab is open that sends what waits, or this origin's service worker does. */
export async function isSomebodySending(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name?.startsWith(PREFIX))
}
