// The demo on a real ledger: every mutation is applied, alerts open, and a second start does not create anything.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../tests/support/postgres.ts'
import { createTestDatabase } from '../../tests/support/postgres.ts'
import { AccessTokens } from '../accounts/access-tokens.ts'
import { Accounts, type Issued } from '../accounts/accounts.ts'
import { alertRules } from '../alerts/alert-rules.ts'
import { Database } from '../database/database.ts'
import { Ledger } from '../ledger/ledger.ts'
import { prepareDemo } from './demo.ts'

describe('prepareDemo', () => {
  let test: TestDatabase
  let database: Database
  let ledger: Ledger
  let accounts: Accounts
  let password = ''

  beforeAll(async () => {
    test = await createTestDatabase()
    database = new Database(test.url)
    ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
    accounts = new Accounts({ database, ledger, tokens: new AccessTokens('x'.repeat(32)) })
  })

  afterAll(async () => {
    await database.end()
    await test.drop()
  })

  const prepare = (demoPassword?: string) => prepareDemo({ accounts, ledger, password: demoPassword })
  const canSignIn = async (email: string, pass: string) => (await accounts.login(email, pass)) !== undefined

  it('creates the organisation in less than three seconds, and returns its password', async () => {
    const startedAt = performance.now()
    const demo = await prepare()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    password = demo?.password ?? ''
    expect(password).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d\d$/)
    expect(demo?.people.map(({ role }) => role)).toEqual(['manager', 'staff', 'viewer'])
    expect(await canSignIn('viewer@example.com', password)).toBe(true)
  })

  it('has stock everywhere, none below zero, some below its level, and alerts about that', async () => {
    const { orgId, userId } = await manager()
    const [facts] = await database.snapshot(
      orgId,
      (sql) => sql<{ items: number; least: number; lots: number; alerts: number; by: number }[]>`
        select (select count(*) from items) as items, (select min(quantity) from positions) as least,
          (select count(*) from lots) as lots, (select count(*) from alerts where state = 'open') as alerts,
          (select count(distinct user_id) from inventory_logs where user_id <> ${userId}) as by`,
    )
    expect(facts!.items).toBeGreaterThan(450)
    expect(facts!.least).toBeGreaterThanOrEqual(0)
    expect(facts!.lots).toBeGreaterThan(20)
    expect(facts!.alerts).toBeGreaterThan(4)
    expect(facts!.by).toBe(1)
  })

  it('is created once: a second start returns its people, but no password', async () => {
    const demo = await prepare()
    expect(demo?.people.length).toBe(3)
    expect(demo).not.toHaveProperty('password')
    expect(await canSignIn('staff@example.com', password)).toBe(true)
  })

  it('gets the password of DEMO_PASSWORD, which ends the sessions of the old one', async () => {
    const before = (await accounts.login('manager@example.com', password)) as Issued
    expect(await prepare('correct-horse')).toMatchObject({ password: 'correct-horse' })
    expect(await canSignIn('manager@example.com', 'correct-horse')).toBe(true)
    expect(await canSignIn('manager@example.com', password)).toBe(false)
    expect(await accounts.refresh(before.refreshToken)).toBeUndefined()
    const current = (await accounts.login('manager@example.com', 'correct-horse')) as Issued
    await prepare('correct-horse')
    expect(await accounts.refresh(current.refreshToken)).toBeDefined()
  })

  async function manager() {
    const { signedIn } = (await accounts.login('manager@example.com', password)) as Issued
    return { orgId: signedIn.org.id, userId: signedIn.user.id }
  }
})
