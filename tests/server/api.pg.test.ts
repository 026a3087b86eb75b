// Every procedure over plain HTTP and sockets, as other programs use it, including the bad input that they send.
import { randomUUID } from 'node:crypto'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import { SignJWT } from 'jose'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PushResult } from '#shared/protocol/wire.ts'
import { decodeTable } from '#shared/rows/rows.ts'
import { requestRefusals } from '#shared/values/refusals.ts'
import type { AppRouter } from '../../server/api/app-router.ts'
import { Cursors } from '../../server/feed/cursor.ts'
import { makeOrganisation, PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/programs/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, JWT_SECRET, listen, signIn, startTestServer } from '../support/test-server.ts'
import type { TestServer } from '../support/test-server.ts'

const parts = useLedger()
let server: TestServer
const tokens = { manager: '', staff: '', viewer: '' }
const emailOf = (role: string) => `${role}@${parts.domain}`

beforeAll(async () => {
  server = await startTestServer(parts.urls.url)
  for (const role of ['manager', 'staff', 'viewer'] as const)
    tokens[role] = await signIn(server.url, emailOf(role), PASSWORD)
})
afterAll(() => server.stop())

async function session() {
  const { body, headers } = await call(server.url, 'auth.login', { email: emailOf('staff'), password: PASSWORD })
  return { token: body.result.data.accessToken as string, cookie: headers.get('set-cookie')!.split(';')[0]! }
}
const push = (input: unknown, token = tokens.manager) => call(server.url, 'sync.push', input, { token })
const frame = (mutations: unknown[], extra: object = {}) => ({
  clientId: randomUUID(),
  epoch: 1,
  deviceNow: Date.now(),
  mutations,
  ...extra,
})

describe('whole requests', () => {
  test('[M4] arguments nested too deep to be serialized refuse only that mutation', async () => {
    const device = new TestDevice(parts, parts.manager)
    const mutations = ['first', 'DEEP', 'last'].map((args) => device.mutation('bogus', args))
    mutations[1]!.name = 'item.create'
    const raw = JSON.stringify(frame(mutations, { clientId: device.clientId }))
    const answer = await call(server.url, 'sync.push', undefined, {
      token: tokens.manager,
      raw: raw.replace('"DEEP"', '['.repeat(100_000) + ']'.repeat(100_000)),
    })
    const codes = answer.body.result.data.results.map(({ code }: { code: string }) => code)
    expect(codes).toEqual(['unknown_verb', 'mutation_too_large', 'unknown_verb'])
  })

  test('[P5] a body of unknown length that is nested too deep to be measured is malformed', async () => {
    const depth = 100_000
    const { status } = await fetch(`${server.url}/trpc/sync.push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.manager}` },
      body: new Blob(['['.repeat(depth), ']'.repeat(depth)]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(status).toBe(400)
  })

  test('[M1] an invalid name or missing arguments refuse only that mutation', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { name: _name, ...nameless } = device.mutation('bogus', {})
    const numbered = { ...device.mutation('bogus', {}), name: 5 }
    const { args: _args, ...bare } = device.mutation('item.create', {})
    const good = device.mutation('item.create', { id: randomUUID(), name: 'Tea' })
    const { body } = await push(frame([nameless, numbered, bare, good], { clientId: device.clientId }))
    const codes = body.result.data.results.map(({ status, code }: PushResult) => code ?? status)
    expect(codes).toEqual(['unknown_verb', 'unknown_verb', 'bad_args', 'applied'])
  })

  test('[P5] malformed, too long and too large pushes are refused by status, with refusal and lastSeq', async () => {
    const device = new TestDevice(parts, parts.manager)
    await device.do('bogus', {})
    const good = () => device.mutation('bogus', {})
    const own = { clientId: device.clientId }
    const bad: [string, unknown, number, string][] = [
      ['no client id', { ...frame([]), clientId: undefined }, 400, 'malformed'],
      ['an invalid client id', frame([], { clientId: 'x' }), 400, 'malformed'],
      ['no mutations', { ...frame([]), mutations: undefined }, 400, 'malformed'],
      ['mutations that are not a list', frame([], { mutations: {} }), 400, 'malformed'],
      ['a mutation that is not an object', frame(['x'], own), 400, 'malformed'],
      ['a bad id', frame([{ ...good(), id: '1' }], own), 400, 'malformed'],
      ['a bad stamp', frame([{ ...good(), at: 'now' }], own), 400, 'malformed'],
      ['seq 0', frame([{ ...good(), seq: 0 }], own), 400, 'malformed'],
      ['a seq of 1.5', frame([{ ...good(), seq: 1.5 }], own), 400, 'malformed'],
      [
        'seqs with a gap',
        frame(
          [
            { ...good(), seq: 2 },
            { ...good(), seq: 4 },
          ],
          own,
        ),
        400,
        'malformed',
      ],
      ['deviceNow missing', { ...frame([]), deviceNow: undefined }, 400, 'malformed'],
      ['another epoch', frame([], { ...own, epoch: 9 }), 409, 'epoch_changed'],
      ['a gap', frame([{ ...good(), seq: 7 }], own), 409, 'gap'],
      [
        '501 mutations',
        frame(
          Array.from({ length: 501 }, () => ({})),
          own,
        ),
        413,
        'too_many',
      ],
      ['more than 512 KB', frame([{ ...good(), args: { a: 'x'.repeat(530_000) } }], own), 413, 'too_large'],
    ]
    for (const [what, input, status, refusal] of bad) {
      const answer = await push(input)
      expect([answer.status, answer.body.error.data.refusal], what).toEqual([status, refusal])
      const isOwn = (input as { clientId?: string }).clientId === device.clientId
      if (isOwn) expect(answer.body.error.data.lastSeq, what).toBe(1)
    }
    const beyond = await push(frame([{ a: 'x'.repeat(1_200_000) }]))
    expect([beyond.status, beyond.body.error.data.refusal]).toEqual([413, 'too_large'])
    const cutOff = await call(server.url, 'sync.push', undefined, { token: tokens.manager, raw: '{"clientId":' })
    expect([cutOff.status, cutOff.body.error.data.refusal]).toEqual([400, 'malformed'])
    expect((await push(frame([], own))).body.result.data).toMatchObject({ lastSeq: 1, results: [] })
  })

  test('[I4] a missing, forged, expired, unsigned or foreign token does not identify anyone', async () => {
    const claims = { org: parts.orgId, sid: randomUUID() }
    const key = new TextEncoder().encode(JWT_SECRET)
    const token = (audience: string, expires: string, secret = key) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(parts.manager)
        .setAudience(audience)
        .setExpirationTime(expires)
        .sign(secret)
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...claims, sub: parts.manager, aud: 'stockhand' })).toString('base64url')}.`
    const forged = [
      await token('stockhand', '10m', new TextEncoder().encode('y'.repeat(40))),
      await token('stockhand', '-1m'),
      await token('other', '10m'),
      await token('stockhand', '10m'), // correctly signed, but its session does not exist
      unsigned,
      'x',
    ]
    for (const one of [undefined, ...forged]) {
      const answer = await call(
        server.url,
        'sync.pull',
        { cursor: null },
        { get: true, ...(one !== undefined && { token: one }) },
      )
      expect([answer.status, answer.body.error.data.refusal]).toEqual([401, 'unauthenticated'])
    }
  })

  test('[P6][M1] a viewer cannot change stock, and disabling or demoting a person takes effect at once', async () => {
    const { orgId, staff, manager } = parts
    const undo = { mutationId: randomUUID() }
    const device = new TestDevice(parts, staff)
    const asStaff = async (name: string, args: unknown) => {
      const answer = await push(frame([device.mutation(name, args)], { clientId: device.clientId }), tokens.staff)
      return [answer.status, answer.body.result.data.results[0].code]
    }
    expect(await asStaff('stock.undo', undo)).toEqual([200, 'depends_on_missing'])
    await parts.accounts.updateMember(orgId, manager, { id: staff, role: 'viewer' })
    // The device's pending mutations reach the people who can decide about them.
    expect(await asStaff('stock.undo', undo)).toEqual([200, 'role_too_low'])
    const stored = (await readRows(parts, 'conflicts')).find(({ code }) => code === 'role_too_low')
    expect(stored).toMatchObject({ kind: 'refusal', state: 'open', userId: staff })
    await parts.accounts.updateMember(orgId, manager, { id: staff, role: 'staff', disabled: true })
    expect((await push(frame([device.mutation('bogus', {})]), tokens.staff)).status).toBe(401)
    expect((await call(server.url, 'auth.login', { email: emailOf('staff'), password: PASSWORD })).status).toBe(401)
    await parts.accounts.updateMember(orgId, manager, { id: staff, disabled: false })
    expect((await push(frame([]), tokens.staff)).status).toBe(401) // the session ended with it
    tokens.staff = await signIn(server.url, emailOf('staff'), PASSWORD)
    expect((await push(frame([]), tokens.staff)).status).toBe(200)
  })

  test('[I6] a page of another origin can neither change anything nor open a socket', async () => {
    const foreign = await call(server.url, 'auth.refresh', undefined, { headers: { origin: 'https://evil.example' } })
    expect(foreign.status).toBe(403)
    const own = await call(server.url, 'auth.login', { email: 'x', password: 'y' }, { headers: { origin: server.url } })
    expect(own.status).toBe(401)
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`, { origin: 'https://evil.example' })
    await expect(new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))).rejects.toThrow(
      '403',
    )
  })
})

test('invalid requests and connections that close halfway do not crash the server', async () => {
  const { connect } = await import('node:net')
  const port = Number(new URL(server.url).port)
  for (const path of ['//', '/x', '/trpc', '/\u0000']) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.resetAndDestroy()
  }
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})

test('an answer never contains the error text of a driver or parser', async () => {
  const nul = await call(server.url, 'auth.login', { email: 'a\u0000b', password: 'x' })
  expect([nul.status, nul.body.error.data.refusal]).toEqual([400, 'malformed'])
  const unknown = await call(server.url, 'no.such', {})
  expect([unknown.status, unknown.body.error.message]).toEqual([404, requestRefusals.malformed.cause])
  const within = { kind: 0, key: ["x'y"] }
  const undecodable = new Cursors(JWT_SECRET).encode(parts.orgId, {
    epoch: 1,
    version: 1,
    role: 'manager',
    chainHead: '',
    within,
  })
  const cursor = await call(server.url, 'sync.pull', { cursor: undecodable }, { get: true, token: tokens.manager })
  expect([cursor.status, cursor.body.error.data.refusal]).toEqual([400, 'malformed'])
})

test('[T2][T3] a push over a socket is corrected by the clock at that moment, not by the clock when the socket was opened', async () => {
  const socket = createWSClient({
    url: `${server.url.replace('http', 'ws')}/trpc`,
    connectionParams: { token: tokens.staff },
  })
  const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] })
  await client.auth.me.query()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const before = Date.now()
  const answer = await client.sync.push.mutate(frame([]))
  await socket.close()
  expect(answer.serverNow).toBeGreaterThanOrEqual(before)
})

test('[P9] of a burst of requests some are admitted, and the others succeed when they retry as asked', async () => {
  const push = () => {
    const input = { clientId: randomUUID(), epoch: 1, deviceNow: Date.now(), mutations: [] }
    return call(server.url, 'sync.push', input, { token: tokens.staff })
  }
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  // Nothing can be committed while this holds the organisation's head, so all admitted requests stay in progress.
  const answers = await owner.begin(async (sql) => {
    await sql`select from org_heads where org_id = ${parts.orgId} for update`
    const crowd = Array.from({ length: 450 }, push)
    const refused = await Promise.race([Promise.any(crowd), new Promise((resolve) => setTimeout(resolve, 15_000))])
    expect(refused).toMatchObject({ status: 429 })
    return { crowd }
  })
  const all = await Promise.all(answers.crowd)
  await owner.end()
  const refused = all.filter(({ status }) => status === 429)
  expect(all.filter(({ status }) => status === 200)).toHaveLength(all.length - refused.length)
  expect(refused.length).toBeGreaterThan(0)
  for (const { headers, body } of refused) {
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(body.error.data.refusal).toBe('busy')
  }
  expect((await push()).status).toBe(200)
})

test('[H3] only a manager can start a check of the ledger', async () => {
  const check = await call(server.url, 'ledger.check', undefined, { token: tokens.manager })
  expect(check.body.result.data.findings).toEqual([])
  expect((await call(server.url, 'ledger.check', undefined, { token: tokens.staff })).status).toBe(403)
})

test('[P10] an app that is newer than the server is asked to wait, and its push is not accepted', async () => {
  const headers = { 'stockhand-protocol': '99' }
  const input = { clientId: randomUUID(), epoch: 1, deviceNow: Date.now(), mutations: [] }
  const answer = await call(server.url, 'sync.push', input, { token: tokens.staff, headers })
  expect([answer.status, answer.body.error.data.refusal]).toEqual([503, 'unavailable'])
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(answer.headers.get('stockhand-protocol')).toBe('1')
  const garbage = { token: tokens.staff, headers: { 'stockhand-protocol': 'new' } }
  expect((await call(server.url, 'sync.push', input, garbage)).status).toBe(200)
})

describe('accounts', () => {
  test('[I5] an unknown address gets the same answer as a wrong password, and guesses are limited', async () => {
    const wrong = await call(server.url, 'auth.login', { email: emailOf('viewer'), password: 'nope' })
    const unknown = await call(server.url, 'auth.login', { email: 'nobody@nowhere.example', password: 'nope' })
    expect([unknown.status, unknown.body]).toEqual([wrong.status, wrong.body])
    const guess = () => call(server.url, 'auth.login', { email: 'victim@nowhere.example', password: 'nope' })
    const first = await Promise.all(Array.from({ length: 30 }, guess)) // at once
    expect(first.filter(({ status }) => status === 401)).toHaveLength(10)
    const spelled = { email: '  VICTIM@nowhere.example', password: 'nope' }
    expect((await call(server.url, 'auth.login', spelled)).status).toBe(429)
    const blocked = await guess()
    expect([blocked.status, blocked.body.error.data.refusal]).toEqual([429, 'rate_limited'])
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('[I5] only a person who knows the password learns that the account is disabled', async () => {
    const { orgId, domain, manager, viewer } = await makeOrganisation(parts.accounts)
    const login = (password: string) => call(server.url, 'auth.login', { email: `viewer@${domain}`, password })
    await parts.accounts.updateMember(orgId, manager, { id: viewer, disabled: true })
    const [known, guessed] = [await login(PASSWORD), await login('nope')]
    expect([known.status, known.body.error.data.refusal]).toEqual([401, 'disabled'])
    expect(known.headers.get('set-cookie')).toBeNull()
    expect([guessed.status, guessed.body.error.data.refusal]).toEqual([401, 'bad_credentials'])
  })

  test('[I3] refresh tokens rotate, and reusing one after the grace period ends the session', async () => {
    const signedIn = await call(server.url, 'auth.login', { email: emailOf('viewer'), password: PASSWORD })
    const cookieOf = ({ headers }: { headers: Headers }) => headers.get('set-cookie')?.split(';')[0] ?? ''
    const first = cookieOf(signedIn)
    expect(signedIn.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/)
    const refresh = (cookie: string) => call(server.url, 'auth.refresh', undefined, { headers: { cookie } })
    const rotated = await refresh(first)
    const second = cookieOf(rotated)
    expect([rotated.status, second === first]).toEqual([200, false])
    const twin = await refresh(first) // another tab, at the same moment
    expect([twin.status, cookieOf(twin)]).toEqual([200, ''])
    await parts.database.transaction(parts.orgId, async ({ sql, write }) =>
      write(sql`update sessions set rotated_at = now() - interval '21 seconds' where org_id = ${parts.orgId}`),
    )
    expect((await refresh(first)).status).toBe(401) // stolen, or very late
    expect((await refresh(second)).status).toBe(401) // the whole session has ended
    const token = rotated.body.result.data.accessToken
    expect((await call(server.url, 'auth.me', undefined, { get: true, token })).status).toBe(401)
  })

  test('signing out ends the session, and auth.me returns the signed-in person', async () => {
    const signedIn = await call(server.url, 'auth.login', {
      email: emailOf('viewer').toUpperCase(),
      password: PASSWORD,
    })
    const token = signedIn.body.result.data.accessToken
    const me = await call(server.url, 'auth.me', undefined, { get: true, token })
    expect(me.body.result.data).toMatchObject({
      user: { role: 'viewer', email: emailOf('viewer') },
      org: { id: parts.orgId },
    })
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!
    // A request without a body does not need a content type.
    const { status } = await fetch(`${server.url}/trpc/auth.logout`, { method: 'POST', headers: { cookie } })
    expect(status).toBe(200)
    expect((await call(server.url, 'auth.me', undefined, { get: true, token })).status).toBe(401)
  })
})

describe('reading', () => {
  test('movements are listed newest first, page by page, with their fate', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    for (const quantity of [1, 2, 3])
      await device.do('stock.receive', { itemId, locationId: binA, quantity, reference: `D${quantity}` })
    const wrong = await device.do('stock.withdraw', { itemId, locationId: binA, quantity: 4 })
    await device.do('stock.undo', { mutationId: wrong.id })
    const list = (input: object) =>
      call(server.url, 'movements.list', { itemId, ...input }, { get: true, token: tokens.viewer })
    const first = (await list({ limit: 3 })).body.result.data
    const second = (await list({ limit: 3, cursor: first.cursor })).body.result.data
    const all = [...first.rows, ...second.rows]
    expect(all).toHaveLength(5)
    expect(all.map(({ at }: { at: string }) => at)).toEqual(
      all
        .map(({ at }: { at: string }) => at)
        .toSorted()
        .toReversed(),
    )
    expect(all.find(({ kind }: { kind: string }) => kind === 'withdraw')).toMatchObject({
      fate: 'void',
      quantity: -4,
      userName: 'The manager',
    })
    expect((await list({ kind: 'receive' })).body.result.data.rows).toHaveLength(3)
    expect((await list({ from: Date.now() + 60_000 })).body.result.data.rows).toHaveLength(0)
    expect((await list({ cursor: 'garbage' })).status).toBe(400)
    expect((await list({ limit: 0 })).status).toBe(400)
  })

  test('lookup finds an item by its barcode in every length and by its SKU', async () => {
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device, {
      sku: 'CAF-0189',
      barcodes: [{ code: '5901234123457', packQuantity: 12 }],
    })
    await device.do('stock.receive', { itemId, locationId: binA, quantity: 7 })
    const lookup = async (code: string) =>
      (await call(server.url, 'catalogue.lookup', { code }, { get: true, token: tokens.staff })).body.result.data
    for (const code of ['5901234123457', '05901234123457']) {
      expect(await lookup(code)).toMatchObject({
        item: { id: itemId },
        packQuantity: 12,
        positions: [{ locationId: binA, quantity: 7 }],
      })
    }
    expect(await lookup('CAF-0189')).toMatchObject({ item: { id: itemId }, packQuantity: 1 })
    expect(await lookup('nothing')).toBeNull()
  })

  test('health checks need no token, and files have security headers', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ ok: true })
    const ready = await fetch(`${server.url}/readyz`)
    expect(ready.status).toBe(200)
    const policy = ready.headers.get('content-security-policy')
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'/)
  })
})

describe('sessions and devices on the socket', () => {
  test('[V4] signing out closes the socket of that session at once, and no other', async () => {
    const [leaving, staying] = [await session(), await session()]
    const sockets = [leaving, staying].map(({ token }) => listen(server.url, token, { cursor: null }))
    for (const socket of sockets) await socket.until(() => socket.messages.length === 1)
    await call(server.url, 'auth.logout', undefined, { headers: { cookie: leaving.cookie } })
    await sockets[0]!.until(() => sockets[0]!.refusals.length > 0, 2_000)
    expect(sockets[0]!.refusals).toEqual(['unauthenticated'])
    await new TestDevice(parts, parts.manager).do('item.create', { id: randomUUID(), name: 'News' })
    expect(sockets[1]!.refusals).toEqual([])
    for (const socket of sockets) await socket.close()
  })

  test('[V5] another person’s subscription with the id of a device does not learn how far that device got', async () => {
    const device = new TestDevice(parts, parts.manager)
    const own = listen(server.url, tokens.manager, { clientId: device.clientId, cursor: null })
    const foreign = listen(server.url, tokens.staff, { clientId: device.clientId, cursor: null })
    for (const socket of [own, foreign]) await socket.until(() => socket.messages.length === 1)
    const create = device.mutation('item.create', { id: randomUUID(), name: 'Mine' })
    await push(frame([create], { clientId: device.clientId }))
    for (const socket of [own, foreign]) await socket.until(() => socket.messages.length === 2)
    expect([own, foreign].map(({ messages }) => messages[1]!.lastSeq)).toEqual([1, 0])
    for (const socket of [own, foreign]) await socket.close()
  })
})

describe('live, between two server processes and Redis', () => {
  test('[V1][V2] a commit on one replica reaches a device on the other, with the rows and lastSeq of that version', async () => {
    const redis = await startRedis()
    const [one, two] = await Promise.all([
      startServerProcess({ databaseUrl: parts.urls.url, port: await freePort(), redisUrl: redis.url }),
      startServerProcess({ databaseUrl: parts.urls.url, port: await freePort(), redisUrl: redis.url }),
    ])
    const device = new TestDevice(parts, parts.manager)
    const { itemId, binA } = await stockRoom(device)
    const start = (
      await call(
        two.url,
        'sync.pull',
        { clientId: device.clientId, cursor: null, limit: 20_000 },
        { get: true, token: tokens.manager },
      )
    ).body.result.data
    const live = listen(two.url, tokens.manager, { clientId: device.clientId, cursor: start.cursor })
    try {
      await live.until(() => live.messages.length === 1)
      expect(live.messages[0]).toMatchObject({
        to: start.version,
        from: start.version,
        epoch: 1,
        lastSeq: 4,
        events: [],
      })
      const receive = device.mutation('stock.receive', { itemId, locationId: binA, quantity: 2 })
      const pushed = await call(one.url, 'sync.push', frame([receive], { clientId: device.clientId }), {
        token: tokens.manager,
      })
      await live.until(() => live.messages.length === 2)
      const [, message] = live.messages
      expect(message).toMatchObject({ from: start.version, to: pushed.body.result.data.version, lastSeq: 5 })
      expect(message!.events).toMatchObject([{ type: 'stock_changed', itemId, locationId: binA, quantity: 2 }])
      expect(decodeTable('positions', message!.tables!.positions!)).toMatchObject([
        { itemId, quantity: 2000, version: message!.to },
      ])
      const next = await call(two.url, 'sync.pull', { cursor: message!.cursor }, { get: true, token: tokens.manager })
      expect(next.body.result.data).toMatchObject({ more: false, tables: {} })
    } finally {
      await live.close()
      await Promise.all([one.kill(), two.kill()])
      await redis.stop()
    }
  })

  test('[V4] signing out at one replica closes the socket at the other', async () => {
    const redis = await startRedis()
    const [one, two] = await Promise.all([
      startServerProcess({ databaseUrl: parts.urls.url, port: await freePort(), redisUrl: redis.url }),
      startServerProcess({ databaseUrl: parts.urls.url, port: await freePort(), redisUrl: redis.url }),
    ])
    const { token, cookie } = await session()
    const live = listen(two.url, token, { cursor: null })
    try {
      await live.until(() => live.messages.length === 1)
      await call(one.url, 'auth.logout', undefined, { headers: { cookie } })
      await live.until(() => live.refusals.length > 0, 2_000)
      expect(live.refusals).toEqual(['unauthenticated'])
    } finally {
      await live.close()
      await Promise.all([one.kill(), two.kill()])
      await redis.stop()
    }
  })

  test('[V3] a large commit is sent as a poke without rows, and a pull from the last version returns them', async () => {
    const live = listen(server.url, tokens.manager, { cursor: null })
    await live.until(() => live.messages.length === 1)
    const device = new TestDevice(parts, parts.manager)
    const many = Array.from({ length: 300 }, (_, i) =>
      device.mutation('item.create', { id: randomUUID(), name: `Large ${i}`, notes: 'n'.repeat(100) }),
    )
    await push(frame(many, { clientId: device.clientId }))
    await live.until(() => live.messages.length === 2)
    expect(live.messages[1]!.tables).toBeUndefined()
    const pulled = await call(
      server.url,
      'sync.pull',
      { cursor: live.messages[0]!.cursor, limit: 20_000 },
      { get: true, token: tokens.manager },
    )
    expect(pulled.body.result.data.tables.items.rows).toHaveLength(300)
    await live.close()
  })

  test('[V4] a refused subscription contains the reason, and a disabled person gets no further messages', async () => {
    const garbage = listen(server.url, tokens.manager, { cursor: 'garbage' })
    await garbage.until(() => garbage.refusals.length > 0)
    expect(garbage.refusals[0]).toBe('malformed')
    await garbage.close()
    const viewer = listen(server.url, tokens.viewer, { cursor: null })
    await viewer.until(() => viewer.messages.length === 1)
    await call(server.url, 'people.update', { id: parts.viewer, disabled: true }, { token: tokens.manager })
    await viewer.until(() => viewer.refusals.length > 0)
    expect(viewer.refusals[0]).toBe('unauthenticated')
    await viewer.close()
    await call(server.url, 'people.update', { id: parts.viewer, disabled: false }, { token: tokens.manager })
  })
})
