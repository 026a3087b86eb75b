/** One database per organisation and person. */
export function deviceName({ user, org }: { user: { id: string }; org: { id: string } }): string {
  return `stockhand-${org.id}-${user.id}`
}
