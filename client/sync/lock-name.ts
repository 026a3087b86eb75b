// The lock that a pushing tab or service worker holds.

/** What sync needs of the browser's lock manager (Web Locks API). */
export interface Locks {
  request(name: string, options: LockOptions, callback: (lock: object | null) => unknown): Promise<unknown>
  query(): Promise<{ held?: { name?: string; clientId?: string }[] }>
}

const PREFIX = 'stockhand-sync-'

export function lockName(deviceName: string): string {
  return `${PREFIX}${deviceName}`
}

/** Returns true while a tab, or the service worker of this origin, sends mutations. */
export async function isSyncLockHeld(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name?.startsWith(PREFIX))
}
