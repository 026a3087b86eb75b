// One mutation from push to answer, while up to a thousand devices do the same, next to one durable commit.
import { measureCommit } from './support/durable-commit.ts'
import type { Figure } from './support/figures.ts'
import { ms, percentile } from './support/figures.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import { onSlowDisk, WITH_SLOW_DISK } from './support/slow-disk.ts'
import type { BenchStage } from './support/stage.ts'

const PUSHES = 600
/** Numbers of devices that are measured on a slow disk as well. */
const SLOW_TOO = [1, 200]

/** Measures on this machine's disk, and on one as slow as that for which the goal was made. */
export async function measureAcknowledgement(stage: BenchStage, devices: number): Promise<Figure[]> {
  const here = await acknowledgement(stage, { devices })
  if (!SLOW_TOO.includes(devices)) return [here]
  return [here, await onSlowDisk(stage, () => acknowledgement(stage, { devices, where: WITH_SLOW_DISK }))]
}

async function acknowledgement(
  stage: BenchStage,
  { devices, where = '' }: { devices: number; where?: string },
): Promise<Figure> {
  const commit = await measureCommit(stage.ownerUrl)
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 20, bins: 20 })
  const times: number[] = []
  await Promise.all(
    Array.from({ length: devices }, async (_, index) => {
      const device = new BenchDevice(stage)
      const args = { itemId: itemIds[index % 20], locationId: binIds[index % 20], quantity: 1 }
      for (let i = 0; i < PUSHES / devices; i++) {
        // Devices do not push at the same moment. Each waits up to as long as all devices together take.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * devices * 5))
        const start = performance.now()
        await device.push([device.mutation('stock.receive', args)])
        times.push(performance.now() - start)
      }
    }),
  )
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  return {
    what: `one mutation, push to acknowledgement, ${devices} device${devices > 1 ? 's' : ''}${where && `, ${where}`}, p50 / p99`,
    measured: `${ms(p50)} / ${ms(p99)}`,
    limit: `${ms(commit.p50)} / ${ms(commit.p99)} (one durable commit)`,
    goal: 'p50 ≤ 3 × + 2 ms',
    met: p50 <= 3 * commit.p50 + 2,
  }
}
