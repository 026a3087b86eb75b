// Random work of several devices with wrong clocks, in random batches. In every case each position equals the function
// of its entries in the ledger.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '#shared/working-set/ledger.ts'
import { positionState } from '#shared/working-set/ledger.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import { readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()
const DEVICES = 3
const HOUR_MS = 3_600_000
const NAMES: Partial<Record<string, string>> = { line: 'stock.count', approve: 'count.approve' }

const step = fc.record({
  device: fc.nat(DEVICES - 1),
  verb: fc.constantFrom('receive', 'withdraw', 'transfer', 'count', 'line', 'approve', 'undo' as const),
  bin: fc.nat(1),
  quantity: fc.integer({ min: 1, max: 9 }),
  /** How long before its push the mutation was made. */
  ageMs: fc.integer({ min: 0, max: 4 * HOUR_MS }),
  target: fc.nat(20),
  /** Ends the batch of its device. */
  pushes: fc.boolean(),
})

test('[L2][T2] positions equal the result of their entries, for any history, clocks and batching', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.array(fc.integer({ min: -48, max: 48 }), { minLength: DEVICES, maxLength: DEVICES }),
      async (steps, skews) => {
        const room = await stockRoom(new TestDevice(parts, parts.manager))
        const devices = skews.map((hours) => ({
          device: new TestDevice(parts, parts.manager),
          skewMs: hours * HOUR_MS,
        }))
        const queues: Envelope[][] = devices.map(() => [])
        const countId = randomUUID()
        await devices[0]!.device.do('count.open', { id: countId, name: 'Spring', scope: {}, blind: false })
        const made: string[] = []
        const push = async (index: number) => {
          const { device, skewMs } = devices[index]!
          const now = Date.now()
          const batch = queues[index]!.splice(0)
          const { results } = await device.pushWhole(batch, { serverNow: now, deviceNow: now + skewMs })
          expect(
            results
              .filter(({ status }) => status === 'refused')
              .every(({ code }) => ['depends_on_missing', 'nothing_to_undo', 'not_open'].includes(code!)),
          ).toBe(true)
        }
        for (const { device: index, verb, bin, quantity, ageMs, target, pushes } of steps) {
          const { device, skewMs } = devices[index]!
          const settle = [room.binA, room.binB].map((locationId) => ({
            itemId: room.itemId,
            locationId,
            take: 'sum',
          }))
          const [here, there] = bin === 0 ? [room.binA, room.binB] : [room.binB, room.binA]
          const position = { itemId: room.itemId, locationId: here }
          const args = {
            receive: { ...position, quantity },
            withdraw: { ...position, quantity },
            transfer: { itemId: room.itemId, fromLocationId: here, toLocationId: there, quantity },
            count: { ...position, counted: quantity },
            line: { ...position, counted: quantity, countId },
            approve: { countId, seen: Number.MAX_SAFE_INTEGER, settle },
            undo: { mutationId: made[target % Math.max(1, made.length)] ?? room.itemId },
          }[verb]
          const at = formatStamp({
            ms: Date.now() + skewMs - ageMs,
            counter: device.seq,
            device: device.clientId.slice(0, 8),
          })
          const mutation = device.mutation(NAMES[verb] ?? `stock.${verb}`, args, { at })
          made.push(mutation.id)
          queues[index]!.push(mutation)
          if (pushes) await push(index)
        }
        for (let index = 0; index < DEVICES; index++) await push(index)
        expect(await storedQuantities(room.itemId)).toEqual(await recomputedQuantities(room.itemId))
      },
    ),
    { numRuns: 40 },
  )
}, 120_000)

async function storedQuantities(itemId: string): Promise<Record<string, number>> {
  const rows = (await readRows(parts, 'positions')).filter((row) => row.itemId === itemId)
  return Object.fromEntries(rows.map(({ locationId, quantity }) => [locationId, quantity]))
}

/** The whole function over the whole ledger, without increments or caches. */
async function recomputedQuantities(itemId: string): Promise<Record<string, number>> {
  const lines = await parts.database.snapshot(
    parts.orgId,
    (sql) => sql<{ location: string; id: string; at: string; amount: number; kind: string; voids: string | null }[]>`
    select location_id as location, mutation_id as id, at, amount, kind, voids from inventory_logs where item_id = ${itemId}`,
  )
  const locations = new Map<string, Entry[]>()
  for (const { location, id, at, amount, kind } of lines) {
    if (kind === 'void') continue
    const isVoid = lines.some((line) => line.voids === id && line.location === location)
    const entry: Entry = { id, at, amount, kind: kind === 'count' ? 'count' : 'delta', void: isVoid }
    locations.set(location, [...(locations.get(location) ?? []), entry])
  }
  return Object.fromEntries([...locations].map(([location, entries]) => [location, positionState(entries).quantity]))
}
