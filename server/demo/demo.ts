// The demo organisation of a first `npm start`: real products, two days of movements, three people with one password.
// Guarantees: it is created once, by normal mutations; only the hash of its password is stored.
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Papa from 'papaparse'
import { z } from 'zod'
import type { Role } from '#shared/rows/rows.ts'
import { uuidv7 } from '#shared/values/id.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { DemoPlan, DemoProduct } from './demo-plan.ts'
import { planDemo } from './demo-plan.ts'

export interface DemoPerson {
  name: string
  email: string
  role: Role
}

/** Nobody can own an address at example.com (RFC 2606), so these only exist in the demo. */
export const demoPeople: readonly DemoPerson[] = [
  { name: 'Maya Lindqvist', email: 'manager@example.com', role: 'manager' },
  { name: 'Jonas Okafor', email: 'staff@example.com', role: 'staff' },
  { name: 'Elena Marchetti', email: 'viewer@example.com', role: 'viewer' },
]

export interface Demo {
  people: readonly DemoPerson[]
  /** Only known to the start that created or changed it. */
  password?: string
}

interface DemoParts {
  accounts: Accounts
  ledger: Ledger
  /** DEMO_PASSWORD, if it is set. */
  password: string | undefined
}

const ORGANISATION = 'Harbour Street Grocers (demo)'
const WORDS =
  'amber anchor birch canvas cedar clover copper coral ember fern harbour hazel indigo juniper lantern maple meadow ' +
  'orchard pebble quartz saffron sorrel summit thistle tulip velvet walnut willow'

/** Creates the demo if there is no organisation yet, or sets the password of its people if DEMO_PASSWORD is set. */
export async function prepareDemo({ accounts, ledger, password }: DemoParts): Promise<Demo | undefined> {
  if (await accounts.needsSetup()) {
    const initial = password ?? newPassword()
    await createDemo({ accounts, ledger, password: initial })
    return { people: demoPeople, password: initial }
  }
  const known = await Promise.all(demoPeople.map(({ email }) => accounts.isKnown(email)))
  const people = demoPeople.filter((_, index) => known[index])
  if (people.length === 0) return undefined
  if (password === undefined) return { people }
  for (const { email } of people) await accounts.setPassword(email, password)
  return { people, password }
}

async function createDemo({ accounts, ledger, password }: DemoParts & { password: string }): Promise<void> {
  const people = demoPeople.map((person) => ({ ...person, password }))
  const { orgId, users } = await accounts.createOrganisation({ name: ORGANISATION, people, currency: 'EUR' })
  const userOf = (role: Role) => users.find((user) => user.role === role)!.id
  const nowMs = Date.now()
  const newId = () => uuidv7(nowMs, randomBytes(10))
  const plan = planDemo(demoProducts(), { nowMs, newId, random: Math.random })
  const push = async (userId: string, mutations: DemoPlan['catalogue']) => {
    const envelopes = mutations.map((mutation, index) => ({ seq: index + 1, ...mutation }))
    // Pushed as a device, because batches of the server itself do not open alerts for levels.
    const device = { epoch: 1, deviceNow: nowMs, serverNow: nowMs }
    const { results } = await ledger.push(orgId, { userId, clientId: newId(), envelopes, device })
    const failed = results.find(({ status }) => status !== 'applied')
    if (failed) throw new Error(`a mutation of the demo was not applied: ${JSON.stringify(failed)}`)
  }
  await push(userOf('manager'), plan.catalogue)
  await push(userOf('staff'), plan.movements)
}

const productSchema = z.object({
  barcode: z.string(),
  name: z.string(),
  category: z.string(),
  unit: z.string(),
  cost: z.coerce.number(),
  low: z.coerce.number(),
  high: z.coerce.number(),
  target: z.coerce.number(),
  location: z.string(),
  quantity: z.coerce.number(),
})

export function demoProducts(): DemoProduct[] {
  const text = readFileSync(join(import.meta.dirname, 'products.csv'), 'utf8')
  return z.array(productSchema).parse(Papa.parse(text, { header: true, skipEmptyLines: true }).data)
}

/** Readable, and hard enough to guess with limited attempts: 28³ words × 90 numbers. */
function newPassword(): string {
  const words = WORDS.split(' ')
  const word = () => words[randomInt(words.length)]
  return `${word()}-${word()}-${word()}-${randomInt(10, 100)}`
}
