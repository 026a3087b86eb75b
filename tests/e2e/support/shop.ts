// A separate shop for each journey: a database, an organisation with stock, a server process that can be killed, and
// devices, which are separate browser contexts.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { test as base, expect } from '@playwright/test'
import { formatStamp } from '#shared/values/stamp.ts'
import { AccessTokens } from '../../../server/accounts/access-tokens.ts'
import { Accounts } from '../../../server/accounts/accounts.ts'
import { alertRules } from '../../../server/alerts/alert-rules.ts'
import { Database } from '../../../server/database/database.ts'
import { Ledger } from '../../../server/ledger/ledger.ts'
import { freePort } from '../../support/free-port.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { buildPreviousClient, startPreviousServer } from '../../versions/previous-version.ts'
import { cloneDatabase, TEMPLATE, withDatabase } from '../../support/template-server.ts'

export const PASSWORD = 'correct horse battery'

export interface Goods {
  id: string
  name: string
  code: string
}

export class Shop {
  readonly coffee: Goods = { id: randomUUID(), name: 'Café de Colombie', code: '3483981000189' }
  readonly tomatoes: Goods = { id: randomUUID(), name: 'Tomates cerises', code: '8437004947031' }
  readonly binA = { id: randomUUID(), name: 'Bin A-07', code: 'LOC-A-07' }
  readonly binB = { id: randomUUID(), name: 'Bin B-02', code: 'LOC-B-02' }
  readonly email = (role: 'manager' | 'staff' | 'viewer') => `${role}@shop.example`
  server!: ServerProcess
  #databaseUrl = ''
  #port = 0
  #orgId = ''
  #contexts: BrowserContext[] = []
  readonly #browser: Browser

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  static async open(browser: Browser): Promise<Shop> {
    const shop = new Shop(browser)
    const name = `e2e_${randomBytes(6).toString('hex')}`
    await cloneDatabase(process.env['E2E_OWNER_URL']!, { name, template: TEMPLATE })
    shop.#databaseUrl = withDatabase(process.env['E2E_APP_URL']!, name)
    await shop.#seed()
    shop.#port = await freePort()
    await shop.startServer()
    return shop
  }

  get url(): string {
    return this.server.url
  }

  /** Replaces the server by one of the previous version, which serves the app of that version. */
  async startPreviousServer(): Promise<void> {
    await this.server.kill()
    await buildPreviousClient()
    const { stop } = await startPreviousServer(this.#databaseUrl, { port: this.#port })
    this.server = { url: this.url, kill: stop, stop: async () => (await stop(), 0) }
  }

  async startServer(): Promise<void> {
    this.server = await startServerProcess({ databaseUrl: this.#databaseUrl, port: this.#port })
  }

  /** A separate device that shares only the server with the others. */
  async device(
    options: { desk?: boolean; dark?: boolean; locale?: string } = {},
  ): Promise<{ page: Page; context: BrowserContext }> {
    const context = await this.#browser.newContext({
      viewport: options.desk ? { width: 1440, height: 900 } : { width: 360, height: 640 },
      colorScheme: options.dark ? 'dark' : 'light',
      baseURL: this.url,
      locale: options.locale ?? 'en-GB',
    })
    this.#contexts.push(context)
    const page = await context.newPage()
    return { page, context }
  }

  /** A device whose user is signed in, with all rows. */
  async signedIn(role: 'manager' | 'staff' | 'viewer', options: { desk?: boolean; dark?: boolean } = {}) {
    const device = await this.device(options)
    await device.page.goto('/')
    await signIn(device.page, this.email(role))
    await expect(device.page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible() // all rows are on the device
    await device.page.evaluate(() => navigator.serviceWorker.ready) // from now on the app opens offline too
    return device
  }

  /** The quantity on the server, in units. */
  async quantityOf({ id }: Goods, bin: { id: string }): Promise<number> {
    const database = new Database(this.#databaseUrl)
    const [row] = await database.snapshot(
      this.#orgId,
      (sql) =>
        sql`select quantity / 1000.0 as quantity from positions where item_id = ${id} and location_id = ${bin.id}`,
    )
    await database.end()
    return (row?.['quantity'] as number | undefined) ?? 0
  }

  /** Changes a person's role, as another manager would. */
  async setRole(person: 'manager' | 'staff', role: 'manager' | 'staff' | 'viewer'): Promise<void> {
    const database = new Database(this.#databaseUrl)
    await database.transaction(this.#orgId, async ({ sql, write }) =>
      write(sql`update users set role = ${role} where email = ${this.email(person)}`),
    )
    await database.end()
  }

  /** Disables or enables a person, as another manager would. */
  async setDisabled(person: 'staff' | 'viewer', disabled: boolean): Promise<void> {
    const database = new Database(this.#databaseUrl)
    const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
    const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('e'.repeat(40)) })
    const idOf = (email: string) =>
      database.snapshot(this.#orgId, async (sql) => (await sql`select id from users where email = ${email}`)[0]!['id'])
    const [manager, id] = await Promise.all([idOf(this.email('manager')), idOf(this.email(person))])
    await accounts.updateMember(this.#orgId, manager as string, { id: id as string, disabled })
    await database.end()
  }

  /** The number of movements of an item in the ledger. */
  async movementsOf({ id }: Goods): Promise<number> {
    const database = new Database(this.#databaseUrl)
    const [row] = await database.snapshot(
      this.#orgId,
      (sql) => sql`select count(*)::int as count from inventory_logs where item_id = ${id}`,
    )
    await database.end()
    return row!['count'] as number
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close()
    await this.server.kill()
  }

  async #seed(): Promise<void> {
    const database = new Database(this.#databaseUrl)
    const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
    const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('e'.repeat(40)) })
    const roles = ['manager', 'staff', 'viewer'] as const
    const people = roles.map((role) => ({ name: `The ${role}`, email: this.email(role), password: PASSWORD, role }))
    const { orgId, users } = await accounts.createOrganisation({ name: 'Corner Shop', currency: 'EUR', people })
    this.#orgId = orgId
    const site = randomUUID()
    const made: [string, object][] = [
      ['location.create', { id: site, name: 'Back room' }],
      ...[this.binA, this.binB].map(({ id, name, code }): [string, object] => [
        'location.create',
        { id, name, parentId: site, barcode: code },
      ]),
      ...[this.coffee, this.tomatoes].map(({ id, name, code }, i): [string, object] => [
        'item.create',
        { id, name, sku: `SKU-${i}`, low: 10, target: 24, barcodes: [{ code }] },
      ]),
      ['stock.receive', { itemId: this.coffee.id, locationId: this.binA.id, quantity: 50 }],
      ['stock.receive', { itemId: this.tomatoes.id, locationId: this.binA.id, quantity: 20 }],
    ]
    const envelopes = made.map(([name, args], i) => ({
      seq: i + 1,
      id: randomUUID(),
      name,
      args,
      at: formatStamp({ ms: Date.now() - 60_000, counter: i, device: '00000000' }),
    }))
    const { results } = await ledger.push(orgId, { userId: users[0]!.id, clientId: randomUUID(), envelopes })
    expect(results.every(({ status }) => status === 'applied')).toBe(true)
    await database.end()
  }
}

export async function signIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('navigation').first()).toBeVisible()
}

/**
 * Scans a code: all its keys and Enter at once. The page receives them like those of a scanner. Keys sent by the
 * debugging protocol would be as slow as this machine is busy.
 */
export async function scan(page: Page, code: string): Promise<void> {
  await page.evaluate(
    (keys) => {
      const at = performance.now()
      for (const key of keys) {
        const target = document.activeElement ?? document.body
        for (const type of ['keydown', 'keyup']) {
          const event = new KeyboardEvent(type, { key, bubbles: true, cancelable: true })
          Object.defineProperty(event, 'timeStamp', { value: at }) // a busy page must not make the scanner look slow
          target.dispatchEvent(event)
        }
      }
    },
    [...code, 'Enter'],
  )
}

/** Chooses a mode and scans the location. */
export async function selectModeAndBin(page: Page, mode: string, bin: { name: string; code: string }): Promise<void> {
  await page.getByRole('radio', { name: mode, exact: true }).check({ force: true })
  await scan(page, bin.code)
  await expect(page.getByText(bin.name).first()).toBeVisible()
}

/** Withdraws this many units of coffee without a connection, so that they are pending. */
export async function withdrawOffline(
  shop: Shop,
  { page, context }: { page: Page; context: BrowserContext },
  count: number,
): Promise<void> {
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  await context.setOffline(true)
  for (let i = 0; i < count; i++) await scan(page, shop.coffee.code)
  await expect(page.getByText(`${count} waiting`)).toBeVisible()
}

export const test = base.extend<{ shop: Shop }>({
  shop: async ({ browser }, use) => {
    const shop = await Shop.open(browser)
    await use(shop)
    await shop.close()
  },
})
export { expect } from '@playwright/test'
