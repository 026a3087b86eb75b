// A ledger on a real database with one organisation of three people, and short ways to make mutations for it.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import { AccessTokens } from '../../server/accounts/access-tokens.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { alertRules } from '../../server/alerts/alert-rules.ts'
import type { CommitEvent } from '../../server/events/commit-event.ts'
import { Database } from '../../server/database/database.ts'
import { selectList, tableOf } from '../../server/database/schema/tables.ts'
import { Ledger } from '../../server/ledger/ledger.ts'
import type { TestDatabase } from './postgres.ts'
import { createTestDatabase } from './postgres.ts'

export interface LedgerUnderTest {
  database: Database
  urls: TestDatabase
  ledger: Ledger
  accounts: Accounts
  orgId: string
  /** The domain of every person's email address. */
  domain: string
  manager: string
  staff: string
  viewer: string
  notices: CommitEvent[]
}

export async function openLedger(): Promise<LedgerUnderTest & { close(): Promise<void> }> {
  const urls = await createTestDatabase()
  const database = new Database(urls.url)
  const notices: CommitEvent[] = []
  const ledger = new Ledger({
    database,
    alertRules,
    now: Date.now,
    publish: (event) => notices.push(event),
  })
  const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('x'.repeat(40)) })
  const organisation = await makeOrganisation(accounts)
  const close = async () => {
    await ledger.drained()
    await database.end()
    await urls.drop()
  }
  return { database, urls, ledger, accounts, notices, ...organisation, close }
}

/** Opens a ledger for the tests of one file, and closes it after them. */
export function useLedger(): LedgerUnderTest {
  const parts = {} as LedgerUnderTest & { close(): Promise<void> }
  beforeAll(async () => Object.assign(parts, await openLedger()))
  afterAll(() => parts.close())
  return parts
}

export const PASSWORD = 'correct horse battery'

export async function makeOrganisation(accounts: Accounts, domain = `${randomUUID().slice(0, 8)}.example`) {
  const roles = ['manager', 'staff', 'viewer'] as const
  const people = roles.map((role) => ({ name: `The ${role}`, email: `${role}@${domain}`, password: PASSWORD, role }))
  const { orgId, users } = await accounts.createOrganisation({ name: domain, currency: 'EUR', people })
  const idOf = (role: string) => users.find((user) => user.role === role)!.id
  return { orgId, domain, manager: idOf('manager'), staff: idOf('staff'), viewer: idOf('viewer') }
}

/** A device that numbers and stamps its mutations, and pushes directly into a ledger. */
export class TestDevice {
  readonly clientId = randomUUID()
  seq = 0
  readonly #parts: LedgerUnderTest
  readonly #userId: string

  constructor(parts: LedgerUnderTest, userId: string) {
    this.#parts = parts
    this.#userId = userId
  }

  mutation(name: string, args: unknown, extra: Partial<Envelope> = {}): Envelope {
    this.seq += 1
    const at = formatStamp({ ms: Date.now(), counter: this.seq % 0xffff, device: this.clientId.slice(0, 8) })
    return { seq: this.seq, id: randomUUID(), name, args, at, ...extra }
  }

  async push(...envelopes: Envelope[]): Promise<PushResult[]> {
    return (await this.pushWhole(envelopes)).results
  }

  pushWhole(envelopes: Envelope[], { epoch = 1, deviceNow = Date.now(), serverNow = Date.now() } = {}) {
    const device = { epoch, deviceNow, serverNow }
    return this.#parts.ledger.push(this.#parts.orgId, {
      userId: this.#userId,
      clientId: this.clientId,
      envelopes,
      device,
    })
  }

  /** Pushes one mutation and returns its result. */
  async do(name: string, args: unknown, extra: Partial<Envelope> = {}): Promise<PushResult & { id: string }> {
    const mutation = this.mutation(name, args, extra)
    const [result] = await this.push(mutation)
    return { ...result!, id: mutation.id }
  }
}

/** All rows of a kind from the database, with quantities in thousandths. */
export function readRows<K extends Kind>({ database, orgId }: LedgerUnderTest, kind: K): Promise<Row<K>[]> {
  return database.snapshot(orgId, async (sql) => [
    ...(await sql.unsafe<Row<K>[]>(`select ${selectList(kind)} from ${tableOf(kind)} where org_id = $1`, [orgId])),
  ])
}

/** Creates an item and a site with two bins, as the given device. */
export async function stockRoom(device: TestDevice, fields: Record<string, unknown> = {}) {
  const ids = { itemId: randomUUID(), siteId: randomUUID(), binA: randomUUID(), binB: randomUUID() }
  const results = await device.push(
    device.mutation('item.create', { id: ids.itemId, name: 'Café de Colombie', ...fields }),
    device.mutation('location.create', { id: ids.siteId, name: 'Shop' }),
    device.mutation('location.create', { id: ids.binA, name: 'Bin A', parentId: ids.siteId }),
    device.mutation('location.create', { id: ids.binB, name: 'Bin B', parentId: ids.siteId }),
  )
  if (results.some(({ status }) => status !== 'applied')) throw new Error(JSON.stringify(results))
  return ids
}
