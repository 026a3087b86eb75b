// The cost of metrics and the log: the time to count a push of a hundred mutations and to write its line, next to the
// server's time for the push itself.
import { createWriteStream } from 'node:fs'
import { Metrics } from '../server/metrics/metrics.ts'
import { openLog } from '../server/process/log.ts'
import type { Figure } from './support/figures.ts'
import { median, ms } from './support/figures.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import type { BenchStage } from './support/stage.ts'

const BATCH = 100
const PUSHES = 100
const COUNTS = 5_000
const GOAL = 0.02

export async function measureCounting(stage: BenchStage): Promise<Figure> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 25, bins: 1 })
  const device = new BenchDevice(stage)
  const batch = () =>
    Array.from({ length: BATCH }, (_, i) =>
      device.mutation('stock.receive', { itemId: itemIds[i % itemIds.length], locationId: binIds[0], quantity: 1 }),
    )
  const times: number[] = []
  for (let i = 0; i < PUSHES; i++) {
    const envelopes = batch()
    const start = performance.now()
    await device.push(envelopes)
    times.push(performance.now() - start)
  }
  const push = median(times)
  const counting = await timeCounting(batch())
  return {
    what: `counting a push of ${BATCH} mutations in the metrics, and writing its log line`,
    measured: `${(counting * 1000).toFixed(0)} µs`,
    limit: `${ms(push)} for the push`,
    goal: `≤ ${GOAL} ×`,
    met: counting <= GOAL * push,
  }
}

/** What a server does for each push, in ms. */
async function timeCounting(envelopes: ReturnType<BenchDevice['mutation']>[]): Promise<number> {
  const metrics = new Metrics({ version: 'bench', protocol: 1 })
  const sink = createWriteStream('/dev/null')
  const log = openLog('info', sink)
  const results = envelopes.map(({ seq }) => ({ seq, status: 'applied' as const }))
  const request = { method: 'POST', route: 'sync.push', status: 200, durationMs: 3 }
  const once = () => {
    metrics.pushAccepted({ envelopes, results, deviceNow: Date.now() })
    metrics.committed(3)
    metrics.propagated(3)
    metrics.requestEnded(request)
    log.child({ request: 'a'.repeat(32), trace: 'b'.repeat(32) }).info({ ...request, org: 'o', device: 'd' }, 'request')
  }
  for (let i = 0; i < COUNTS; i++) once() // warm
  const start = performance.now()
  for (let i = 0; i < COUNTS; i++) once()
  const took = (performance.now() - start) / COUNTS
  await new Promise((resolve) => sink.end(resolve))
  return took
}
