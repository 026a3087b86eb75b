// Imports as a browser sends them: the file is the body of one request.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD, useLedger } from '../../tests/support/ledger-under-test.ts'
import type { TestServer } from '../../tests/support/test-server.ts'
import { call, listen, signIn, startTestServer } from '../../tests/support/test-server.ts'

const parts = useLedger()
let server: TestServer
let token = ''

beforeAll(async () => {
  server = await startTestServer(parts.urls.url)
  token = await tokenOf(parts.manager)
})
afterAll(() => server.stop())

async function tokenOf(userId: string): Promise<string> {
  const [user] = await parts.database.snapshot(
    parts.orgId,
    (sql) => sql<{ email: string }[]>`select email from users where id = ${userId}`,
  )
  return signIn(server.url, user!.email, PASSWORD)
}

const send = (path: string, file: string, { options = '', as = token, type = 'application/octet-stream' } = {}) =>
  call(server.url, path, undefined, {
    token: as,
    raw: file,
    headers: { 'content-type': type, 'stockhand-import': options },
  })

describe('imports', () => {
  it('imports 4 MB, although a JSON request may only have 1 MB, and notifies the devices', async () => {
    const device = listen(server.url, token, { cursor: null })
    await device.until(() => device.messages.length > 0)
    const file = `sku,name\n${Array.from({ length: 4000 }, (_, index) => `S-${index},${'x'.repeat(290)} ${index}`).join('\n')}\n${'\n'.repeat(3_000_000)}`
    const { status, body } = await send('imports.products', file)
    expect(status).toBe(200)
    expect(body.result.data).toMatchObject({ rows: 4000, created: 4000, refused: 0, dryRun: false })
    await device.until(() => device.messages.length > 1)
    await device.close()
  }, 60_000)

  it('reads its options from a header', async () => {
    const sales = 'InvoiceNo,StockCode,Quantity,InvoiceDate\n1,A,1,2010-12-01 08:26:00\n'
    const dry = await send('imports.movements', sales, { options: 'dryRun=true' })
    expect(dry.body.result.data).toMatchObject({ dryRun: true, created: 1, made: { locations: ['Imported'] } })
    const lost = await send('imports.movements', sales, { options: 'location=Caf%C3%A9' })
    expect(lost.body.result.data).toMatchObject({ rows: 0, fileProblem: { cause: 'unknown_location', detail: 'Café' } })
    for (const options of ['dryRun=maybe', 'colour=red'])
      expect((await send('imports.products', sales, { options })).status).toBe(400)
  })

  it('is only for managers, and does not read the file before that is known', async () => {
    for (const role of ['staff', 'viewer'] as const) {
      const { status, body } = await send('imports.products', 'sku,name\nZ,Zebra\n', { as: await tokenOf(parts[role]) })
      expect([status, body.error.data.refusal]).toEqual([403, 'role_too_low'])
    }
    expect((await send('imports.products', 'sku,name\nZ,Zebra\n', { as: 'nobody' })).status).toBe(401)
    const known = await parts.database.snapshot(parts.orgId, (sql) => sql`select id from items where sku = 'Z'`)
    expect([...known]).toEqual([])
  })

  it('refuses JSON, and more than 64 MB without holding it in memory', async () => {
    const { body } = await send('imports.products', `sku,name\n${`${' '.repeat(1023)}\n`.repeat(65 * 1024)}`)
    expect(body.result.data.fileProblem).toEqual({ cause: 'too_large' })
    expect((await send('imports.products', '{}', { type: 'application/json' })).status).toBe(400)
  }, 60_000)
})
