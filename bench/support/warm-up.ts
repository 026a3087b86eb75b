// Work before the measurement. A server that has run for a minute is as fast as one that has run for a day, and twice
// as fast as one that has just started.
import { BenchDevice, createItemsAndBins } from './mutations.ts'
import type { BenchStage } from './stage.ts'

const SINGLE = 2_000
const BATCHES = 40
const BATCH = 250

export async function warmUp(stage: BenchStage): Promise<void> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 20, bins: 4 })
  const device = new BenchDevice(stage)
  const mutation = (i: number) => {
    const position = { itemId: itemIds[i % itemIds.length], locationId: binIds[i % binIds.length] }
    return device.mutation(i % 2 === 0 ? 'stock.receive' : 'stock.withdraw', { ...position, quantity: 1 })
  }
  for (let i = 0; i < SINGLE; i++) await device.push([mutation(i)])
  for (let i = 0; i < BATCHES; i++) await device.push(Array.from({ length: BATCH }, (_, n) => mutation(n)))
}
