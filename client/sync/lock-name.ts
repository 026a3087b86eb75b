/** The name of the lock that whoever pushes holds: the leading tab, or the service worker. */
export function lockName(deviceName: string): string {
  return `stockhand-sync-${deviceName}`
}
