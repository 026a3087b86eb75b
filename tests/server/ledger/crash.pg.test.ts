import { expect, test } from 'vitest'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { positionState } from '#shared/working-set/ledger.ts'
import { freePort } from '../../support/free-port.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { call, signIn } from '../../support/test-server.ts'

const parts = useLedger()
const DEVICES = 6
const PUSHES = 40
const PER_PUSH = 5
const KILLS = 4

test('[P1] a server that is killed repeatedly during pushes does not lose or double a mutation', async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const port = await freePort()
  const start = () => startServerProcess({ databaseUrl: parts.urls.url, port })
  let server = await start()
  const { domain } = parts
  const token = await signIn(server.url, `manager@${domain}`, PASSWORD)
  let refused = 0
  let done = 0

  /** Repeats the push until it is answered, as a device does. */
  async function insist(clientId: string, mutations: Envelope[]): Promise<void> {
    for (;;) {
      const answer = await call(
        server.url,
        'sync.push',
        { clientId, epoch: 1, deviceNow: Date.now(), mutations },
        { token },
      ).catch(() => undefined)
      if (answer?.status === 200) return
      refused += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  const pushing = Array.from({ length: DEVICES }, async () => {
    const device = new TestDevice(parts, parts.manager)
    for (let i = 0; i < PUSHES; i++) {
      await insist(
        device.clientId,
        Array.from({ length: PER_PUSH }, () =>
          device.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 }),
        ),
      )
      done += 1
    }
  })
  for (let kill = 1; kill <= KILLS; kill++) {
    while (done < (DEVICES * PUSHES * kill) / (KILLS + 1)) await new Promise((resolve) => setTimeout(resolve, 3))
    await server.kill()
    server = await start()
  }
  await Promise.all(pushing)
  await server.kill()

  expect(refused).toBeGreaterThan(0) // the kills did hit pushes
  const [position] = (await readRows(parts, 'positions')).filter((row) => row.itemId === itemId)
  expect(position!.quantity).toBe(DEVICES * PUSHES * PER_PUSH * 1000)
  const lines = await parts.database.snapshot(
    parts.orgId,
    (sql) => sql<{ id: string; at: string; amount: number }[]>`
    select mutation_id as id, at, amount from inventory_logs where item_id = ${itemId}`,
  )
  expect(positionState(lines.map((line) => ({ ...line, kind: 'delta' as const, void: false }))).quantity).toBe(
    position!.quantity,
  )
})
