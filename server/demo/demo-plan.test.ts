import { describe, expect, it } from 'vitest'
import { isGtin } from '#shared/values/gtin.ts'
import { stampMs } from '#shared/values/stamp.ts'
import { demoProducts } from './demo.ts'
import { planDemo } from './demo-plan.ts'
import { demoCategories, demoLocations } from './demo-locations.ts'

const NOW_MS = Date.UTC(2026, 4, 20, 10)
const products = demoProducts()

/** A small linear congruential generator, which repeats itself for the same seed. */
function diceOf(seed: number) {
  let state = seed
  let ids = 0
  return {
    nowMs: NOW_MS,
    newId: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
    random: () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648,
  }
}

describe('the demo’s sample', () => {
  it('has about 500 products with unique valid barcodes, in locations and categories that exist', () => {
    expect(products.length).toBeGreaterThan(450)
    expect(products.every(({ barcode }) => isGtin(barcode))).toBe(true)
    expect(new Set(products.map(({ barcode }) => barcode)).size).toBe(products.length)
    const bins = new Set(demoLocations.map(({ barcode }) => barcode))
    expect(products.filter(({ location, category }) => !bins.has(location) || !(category in demoCategories))).toEqual(
      [],
    )
  })
})

describe.each([1, 2, 3, 4, 5])('the demo’s two days (seed %i)', (seed) => {
  const { catalogue, movements } = planDemo(products, diceOf(seed))
  const all = [...catalogue, ...movements]

  it('are in order and end before now', () => {
    for (const mutations of [catalogue, movements]) {
      const stamps = mutations.map(({ at }) => at)
      expect(stamps).toEqual(stamps.toSorted())
    }
    expect(stampMs(all[0]!.at)).toBe(NOW_MS - 48 * 3_600_000)
    expect(stampMs(movements.at(-1)!.at)).toBeLessThan(NOW_MS)
    expect(stampMs(movements.at(-1)!.at)).toBeGreaterThan(NOW_MS - 30 * 3_600_000)
  })

  it('never withdraw more than there is, and leave some products to order', () => {
    const stock = new Map<string, number>()
    const add = (key: string, quantity: number) => {
      stock.set(key, (stock.get(key) ?? 0) + quantity)
      expect(stock.get(key)).toBeGreaterThanOrEqual(0)
    }
    for (const { name, args } of movements) {
      const { itemId, locationId, fromLocationId, toLocationId, quantity } = args as Record<string, string> & {
        quantity: number
      }
      if (name === 'stock.receive') add(`${itemId} ${locationId}`, quantity)
      if (name === 'stock.withdraw') add(`${itemId} ${locationId}`, -quantity)
      if (name === 'stock.transfer') add(`${itemId} ${fromLocationId}`, -quantity)
      if (name === 'stock.transfer') add(`${itemId} ${toLocationId}`, quantity)
    }
    const totals = new Map<string, number>()
    for (const [key, quantity] of stock) totals.set(key.slice(0, 36), (totals.get(key.slice(0, 36)) ?? 0) + quantity)
    const items = catalogue
      .filter(({ name }) => name === 'item.create')
      .map(({ args }) => args as { id: string; low: number })
    const low = items.filter(({ id, low }) => (totals.get(id) ?? 0) < low)
    expect(low.length).toBeGreaterThanOrEqual(5)
    expect(low.length).toBeLessThanOrEqual(30)
    expect(new Set(movements.map(({ name }) => name)).size).toBe(3)
  })
})
