// Mutations for measurements: many receipts on the positions of a shop.
import { randomBytes, randomUUID } from 'node:crypto'
import { uuidv7 } from '#shared/values/id.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import type { BenchStage } from './stage.ts'
import { post } from './stage.ts'

export class BenchDevice {
  readonly clientId = randomUUID()
  readonly #stage: BenchStage
  #seq = 0

  constructor(stage: BenchStage) {
    this.#stage = stage
  }

  mutation(name: string, args: unknown): Envelope {
    this.#seq += 1
    const at = formatStamp({ ms: Date.now(), counter: this.#seq % 0xffff, device: this.clientId.slice(0, 8) })
    return { seq: this.#seq, id: uuidv7(Date.now(), randomBytes(10)), name, args, at }
  }

  push(mutations: Envelope[]): Promise<{ results: { status: string }[] }> {
    const { url, token } = this.#stage
    return post(
      url,
      'sync.push',
      { clientId: this.clientId, epoch: 1, deviceNow: Date.now(), mutations },
      token,
    ) as Promise<{ results: { status: string }[] }>
  }
}

/** Creates items and bins. */
export async function createItemsAndBins(
  stage: BenchStage,
  { items, bins }: { items: number; bins: number },
): Promise<{ itemIds: string[]; binIds: string[] }> {
  const device = new BenchDevice(stage)
  const itemIds = Array.from({ length: items }, () => randomUUID())
  const binIds = Array.from({ length: bins }, () => randomUUID())
  const mutations = [
    ...itemIds.map((id, i) => device.mutation('item.create', { id, name: `Item ${i}`, sku: `B-${i}` })),
    ...binIds.map((id, i) => device.mutation('location.create', { id, name: `Bin ${i}` })),
  ]
  for (let i = 0; i < mutations.length; i += 500) await device.push(mutations.slice(i, i + 500))
  return { itemIds, binIds }
}
