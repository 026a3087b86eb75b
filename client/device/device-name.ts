// What the database of a person's device is called.
export const NAME_PREFIX = 'stockhand-'

/** One database per organisation and person. */
export function deviceName({ user, org }: { user: { id: string }; org: { id: string } }): string {
  return `${NAME_PREFIX}${org.id}-${user.id}`
}
