// A pull after ten changes must not cost more with a larger catalogue.
import type { PullAnswer } from '#shared/protocol/wire.ts'
import type { BenchCatalogue } from './support/catalogue.ts'
import type { Figure } from './support/figures.ts'
import { median, ms } from './support/figures.ts'
import { BenchDevice } from './support/mutations.ts'
import type { BenchStage } from './support/stage.ts'
import { get } from './support/stage.ts'

const CHANGES = 10
const PULLS = 40
/** Two medians of the same figure on a busy machine differ by less. */
const NOISE = 1.5

export interface PullTime {
  items: number
  p50: number
}

export async function measurePull(stage: BenchStage, { items, bins }: BenchCatalogue): Promise<PullTime> {
  const device = new BenchDevice(stage)
  const pull = (cursor: string | null) =>
    get(stage.url, 'sync.pull', { cursor, limit: 20_000 }, stage.token) as Promise<PullAnswer>
  let { cursor, more } = await pull(null)
  while (more) ({ cursor, more } = await pull(cursor))
  const times: number[] = []
  for (let i = 0; i < PULLS; i++) {
    const changes = Array.from({ length: CHANGES }, (_, at) => {
      const itemId = items[(i * 997 + at * 31) % items.length]!.id
      return device.mutation('stock.receive', { itemId, locationId: bins[at]!.id, quantity: 1 })
    })
    await device.push(changes)
    const start = performance.now()
    const answer = await pull(cursor)
    times.push(performance.now() - start)
    cursor = answer.cursor
  }
  return { items: items.length, p50: median(times) }
}

export function pullFigure(sizes: readonly PullTime[]): Figure {
  const [smallest, largest] = [sizes[0]!, sizes.at(-1)!]
  return {
    what: `pull after ${CHANGES} changes, p50, catalogue of ${sizes.map(({ items }) => items.toLocaleString('en')).join(' / ')} items`,
    measured: sizes.map(({ p50 }) => ms(p50)).join(' / '),
    limit: `${ms(smallest.p50)} (the smallest)`,
    goal: 'the same, within noise',
    met: largest.p50 <= NOISE * smallest.p50,
  }
}
