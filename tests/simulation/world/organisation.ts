// Creates an organisation and its people as the accounts module does, but without passwords, whose hashing is slow on
// purpose.
import { randomUUID } from 'node:crypto'
import type { Role } from '#shared/rows/rows.ts'
import type { AccessTokens } from '../../../server/accounts/access-tokens.ts'
import type { Accounts, Issued } from '../../../server/accounts/accounts.ts'
import { insertOrganisation, insertUser } from '../../../server/accounts/accounts-store.ts'
import type { Database } from '../../../server/database/database.ts'
import type { Ledger } from '../../../server/ledger/ledger.ts'

export interface SimulatedPerson {
  userId: string
  orgId: string
  name: string
  role: Role
  /** The role is not the first one. */
  changed: boolean
  /** The person is disabled. */
  disabled: boolean
}

/** Access tokens without a signature. Other tests cover forged tokens. */
export const unsignedTokens = {
  sign: async (claims: object) => JSON.stringify(claims),
  verify: async (token: string) => JSON.parse(token) as unknown,
} as unknown as AccessTokens

interface Parts {
  database: Database
  ledger: Ledger
  uuid: () => string
}

export async function makeOrganisation(
  { database, ledger, uuid }: Parts,
  { name, people }: { name: string; people: { name: string; role: Role }[] },
): Promise<SimulatedPerson[]> {
  const orgId = randomUUID() // not from the seed, because a world may run twice in one database
  const users = people.map((person) => ({
    ...person,
    id: uuid(),
    email: `${randomUUID()}@example.com`,
    orgId,
    passwordHash: '',
  }))
  await database.transaction(orgId, async (tx) => insertOrganisation(tx, { orgId, name }))
  await ledger.change(orgId, {
    action: 'organisation.create',
    work: async (tx, version) => {
      for (const user of users) insertUser(tx, user, version)
      return users.map(({ id, name, email, role }) => ({
        kind: 'members' as const,
        key: id,
        before: undefined,
        after: { id, name, email, role, disabled: false, version },
      }))
    },
  })
  return users.map(({ id, name, role }) => ({ userId: id, orgId, name, role, changed: false, disabled: false }))
}

/** Signs somebody in, without a password. */
export async function signIn(
  accounts: Accounts,
  { orgId, userId }: Pick<SimulatedPerson, 'orgId' | 'userId'>,
): Promise<Issued> {
  return (await accounts.openSession(orgId, userId))!
}
