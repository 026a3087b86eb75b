// The databases of other people in this browser. The sign-in page needs only this part of the storage, so the rest loads
// if there is such a database.
import { DEVICE_NAME_PREFIX } from './device-name.ts'

/** Counts the pending mutations in this browser that belong to another person or organisation. */
export async function countOtherUsersPending(own: string | undefined): Promise<number> {
  const databases = (await indexedDB.databases?.()) ?? []
  const names = databases.flatMap(({ name }) => (name?.startsWith(DEVICE_NAME_PREFIX) && name !== own ? [name] : []))
  if (names.length === 0) return 0
  const { readPendingFrom } = await import('./device-storage.ts')
  const counts = await Promise.all(names.map(async (name) => (await readPendingFrom(name)).outbox.length))
  return counts.reduce((sum, count) => sum + count, 0)
}
