// What the signed-in person may do.
import { hasRole } from '#shared/mutations/verb.ts'
import type { Role } from '#shared/rows/rows.ts'
import type { Person } from './stored-person.ts'

/** Returns whether the person has at least this role. */
export function mayDo({ person }: { person: Person }, role: Role): boolean {
  return hasRole(person.user.role, role)
}
