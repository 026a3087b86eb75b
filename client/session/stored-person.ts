// The signed-in person as stored in this browser. Checked by hand, because the sign-in page loads this and no schemas.
import type { SignedIn } from '#shared/protocol/wire.ts'

export type Person = Pick<SignedIn, 'user' | 'org'>

const STORAGE_KEY = 'stockhand.person'

/** Returns undefined if nobody is signed in, or if the stored text is damaged: the person signs in again then. */
export function storedPerson(): Person | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null')
    return isPerson(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function storePerson(person: Person | undefined): void {
  if (person) localStorage.setItem(STORAGE_KEY, JSON.stringify(person))
  else localStorage.removeItem(STORAGE_KEY)
}

function isPerson(value: unknown): value is Person {
  const { user, org } = (value ?? {}) as Partial<Record<keyof Person, Readonly<Record<string, unknown>>>>
  return hasTexts(user, ['id', 'name', 'email', 'role']) && hasTexts(org, ['id', 'name'])
}

function hasTexts(value: Readonly<Record<string, unknown>> | undefined, names: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && names.every((name) => typeof value[name] === 'string')
}
