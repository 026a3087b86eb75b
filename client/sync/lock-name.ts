// The lock that a pushing tab or service worker holds.
const PREFIX = 'stockhand-sync-'

export function lockName(deviceName: string): string {
  return `${PREFIX}${deviceName}`
}

/** Returns true while a tab, or the service worker of this origin, sends mutations. */
export async function isSyncLockHeld(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name?.startsWith(PREFIX))
}
