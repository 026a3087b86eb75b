// The name of the database of a person's device.
import { isId } from '#shared/values/id.ts'

export const DEVICE_NAME_PREFIX = 'stockhand-'
const ID_LENGTH = 36

/** One database per organisation and person. */
export function deviceName({ user, org }: { user: { id: string }; org: { id: string } }): string {
  return `${DEVICE_NAME_PREFIX}${org.id}-${user.id}`
}

/** Returns the owner of a device, or undefined if the name does not contain one. */
export function ownerOf(name: string): { orgId: string; userId: string } | undefined {
  const ids = name.startsWith(DEVICE_NAME_PREFIX) ? name.slice(DEVICE_NAME_PREFIX.length) : ''
  const [orgId, userId] = [ids.slice(0, ID_LENGTH), ids.slice(ID_LENGTH + 1)]
  return isId(orgId) && isId(userId) ? { orgId, userId } : undefined
}
