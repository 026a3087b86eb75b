// The typed entry points refuse wrong calls at compile time. `npm run check types` fails if one of these errors goes away.
import type { Device } from '../../client/device/device.ts'
import { defineVerb } from '#shared/mutations/verb.ts'
import type { Mutation, Mutations } from '#shared/mutations/verbs.ts'
import type { KindMap } from '#shared/rows/kind-map.ts'
import { type Item, type Location, positionKey } from '#shared/rows/rows.ts'
import { toThousandths, toUnits, type Thousandths, type Units } from '#shared/values/quantity.ts'
import type { MovementReason } from '#shared/values/reasons.ts'
import { refuse } from '#shared/values/refuse.ts'
import * as z from 'zod/mini'

export async function wrongRecords(device: Device, received: Mutations['stock.receive']): Promise<void> {
  await device.record('stock.receive', received)
  // @ts-expect-error an unknown verb
  await device.record('stock.recieve', received)
  // @ts-expect-error a field that the verb does not have
  await device.record('stock.receive', { ...received, amount: 3 })
  // @ts-expect-error the arguments of another verb
  await device.record('stock.count', received)
  // @ts-expect-error a quantity as text
  await device.record('stock.receive', { ...received, quantity: '3' })
  // @ts-expect-error the arguments of another verb
  device.check('stock.withdraw', { itemId: received.itemId })
  const result = await device.record('stock.receive', received)
  // @ts-expect-error a receipt is never refused for lack of stock
  if (!result.saved && result.refusal.code === 'insufficient_stock') return
}

/** A mutation is a union: its name decides the type of its arguments. */
export function wrongArguments(mutation: Mutation): number {
  if (mutation.name === 'stock.count') return mutation.args.counted
  // @ts-expect-error only a count has a counted quantity
  return mutation.args.counted
}

export function wrongIds(item: Item, location: Location): string[] {
  // @ts-expect-error the ids are exchanged
  const exchanged = positionKey(location.id, item.id, '')
  return [positionKey(item.id, location.id, ''), exchanged]
}

export function wrongUnits(units: Units, thousandths: Thousandths): number[] {
  // @ts-expect-error thousandths instead of units
  const a = toThousandths(thousandths)
  // @ts-expect-error units instead of thousandths
  const b = toUnits(units)
  return [a, b, toThousandths(units), toUnits(thousandths)]
}

export function wrongRows(rows: KindMap): string[] {
  // @ts-expect-error a location has no SKU
  const sku = rows.of('locations').get('')?.sku as string
  return [sku, rows.of('items').get('')?.sku ?? '']
}

export const verbThatHidesARefusal = defineVerb({
  name: 'stock.example',
  args: z.strictObject({ quantity: z.number() }),
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads: () => undefined,
  // @ts-expect-error a code that the verb does not list
  decide: () => refuse('insufficient_stock'),
})

// @ts-expect-error not a built-in reason
export const unknownReason: MovementReason = 'return'
