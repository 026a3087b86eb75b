// The demo organisation of a first `npm start`: real products, two days of movements, three people with one password.
// Guarantees: it is made once, by the same mutations as everybody's; its password is stored only as its hash.
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

/** example.com belongs to nobody (RFC 2606): whoever has these addresses is the demo's. */
export const demoPeople: readonly DemoPerson[] = [
  { name: 'Maya Lindqvist', email: 'manager@example.com', role: 'manager' },
  { name: 'Jonas Okafor', email: 'staff@example.com', role: 'staff' },
  { name: 'Elena Marchetti', email: 'viewer@example.com', role: 'viewer' },
]

export interface Demo {
  people: readonly DemoPerson[]
  /** Known only to the start that made or changed it. */
  password?: string
}

interface DemoParts {
  accounts: Accounts
  ledger: Ledger
  /** What DEMO_PASSWORD says, if anything. */
  password: string | undefined
}

const ORGANISATION = 'Harbour Street Grocers (demo)'
const WORDS =
  'amber anchor birch canvas cedar clover copper coral ember fern harbour hazel indigo juniper lantern maple meadow ' +
  'orchard pebble quartz saffron sorrel summit thistle tulip velvet walnut willow'

/** Makes the demo where there is no organisation yet; gives its people the password of DEMO_PASSWORD where it is set. */
export async function prepareDemo({ accounts, ledger, password }: DemoParts): Promise<Demo | undefined> {
  if (await accounts.needsSetup()) {
    const made = password ?? newPassword()
    await makeDemo({ accounts, ledger, password: made })
    return { people: demoPeople, password: made }
  }
  const known = await Promise.all(demoPeople.map(({ email }) => accounts.isKnown(email)))
  const people = demoPeople.filter((_, index) => known[index])
  if (people.length === 0) return undefined
  if (password === undefined) return { people }
  for (const { email } of people) await accounts.setPassword(email, password)
  return { people, password }
}

async function makeDemo({ accounts, ledger, password }: DemoParts & { password: string }): Promise<void> {
  const people = demoPeople.map((person) => ({ ...person, password }))
  const { orgId, users } = await accounts.createOrganisation({ name: ORGANISATION, people, currency: 'EUR' })
  const userOf = (role: Role) => users.find((user) => user.role === role)!.id
  const nowMs = Date.now()
  const newId = () => uuidv7(nowMs, randomBytes(10))
  const plan = planDemo(demoProducts(), { nowMs, newId, random: Math.random })
  const push = async (userId: string, mutations: DemoPlan['catalogue']) => {
    const envelopes = mutations.map((mutation, index) => ({ seq: index + 1, ...mutation }))
    // As a device, not as the server's own work: so that levels are judged, and the demo has alerts to show.
    const device = { epoch: 1, deviceNow: nowMs, serverNow: nowMs }
    const { results } = await ledger.push(orgId, { userId, clientId: newId(), envelopes, device })
    const wrong = results.find(({ status }) => status !== 'applied')
    if (wrong) throw new Error(`the demo does not fit its own rules: ${JSON.stringify(wrong)}`)
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

/** Readable, and hard enough to guess for a demo behind a limit of attempts: 28³ words × 90 numbers. */
function newPassword(): string {
  const words = WORDS.split(' ')
  const word = () => words[randomInt(words.length)]
  return `${word()}-${word()}-${word()}-${randomInt(10, 100)}`
}
