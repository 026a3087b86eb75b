// How the server scales: with organisations, which do not wait for each other, and with replicas that share the
// sockets.
import { randomUUID } from 'node:crypto'
import { AccessTokens } from '../server/accounts/access-tokens.ts'
import { Accounts } from '../server/accounts/accounts.ts'
import { Database } from '../server/database/database.ts'
import { startPgBouncer } from '../tests/support/programs/pgbouncer.ts'
import { startRedis } from '../tests/support/programs/redis.ts'
import type { Figure } from './support/figures.ts'
import { ms, percentile, perSecond } from './support/figures.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import type { BenchStage } from './support/stage.ts'
import { SECRET, startServerProcess, stopProcess } from './support/stage.ts'
import { limitSockets, SOCKETS_GOAL, socketTimes } from './live.ts'

const ORGANISATIONS = [1, 10, 100]
const DEVICES_AT_LEAST = 32
const BATCH = 100
const MUTATIONS = 20_000
const REPLICAS = 3
const POOLED_ORGANISATIONS = 10
/** As few connections as a pooler would give to one of many servers. */
const POOL_SIZE = 4

/** The same work spread over more and more organisations, each with its own commit queue. */
export async function measureOrganisations(stage: BenchStage): Promise<Figure> {
  const rates: number[] = []
  for (const count of ORGANISATIONS) rates.push(await rateOver(await organisations(stage, count)))
  return {
    what: `mutations on the server, ${ORGANISATIONS.join(' / ')} organisations`,
    measured: rates.map(perSecond).join(' / '),
    limit: `${perSecond(rates[0]!)} (one organisation)`,
    goal: 'not lower with more',
    met: rates.every((rate) => rate >= rates[0]! * 0.8),
  }
}

async function rateOver(stages: BenchStage[]): Promise<number> {
  const perStage = Math.ceil(DEVICES_AT_LEAST / stages.length)
  const devices = await Promise.all(
    stages.map(async (stage) => {
      const { itemIds, binIds } = await createItemsAndBins(stage, { items: 25, bins: perStage })
      return binIds.map((locationId) => ({ device: new BenchDevice(stage), itemIds, locationId }))
    }),
  )
  const all = devices.flat()
  const rounds = Math.max(2, Math.round(MUTATIONS / BATCH / all.length))
  const prepared = all.map(({ device, itemIds, locationId }) => ({
    device,
    batches: Array.from({ length: rounds }, () =>
      Array.from({ length: BATCH }, (_, i) =>
        device.mutation('stock.receive', { itemId: itemIds[i % itemIds.length], locationId, quantity: 1 }),
      ),
    ),
  }))
  const start = performance.now()
  await Promise.all(
    prepared.map(async ({ device, batches }) => {
      for (const batch of batches) await device.push(batch)
    }),
  )
  return (all.length * rounds * BATCH) / ((performance.now() - start) / 1000)
}

/** Creates this many organisations on the stage's server, each as a separate stage. */
async function organisations(stage: BenchStage, count: number): Promise<BenchStage[]> {
  const database = new Database(stage.databaseUrl)
  const accounts = new Accounts({ database, ledger: stage.ledger, tokens: new AccessTokens(SECRET) })
  const stages: BenchStage[] = []
  for (let i = 0; i < count; i++) {
    const name = randomUUID()
    const person = { name, email: `${name}@example.com`, password: 'bench-bench-bench', role: 'manager' as const }
    const { orgId, users } = await accounts.createOrganisation({ name, currency: 'EUR', people: [person] })
    const issued = await accounts.openSession(orgId, users[0]!.id)
    stages.push({ ...stage, orgId, managerId: users[0]!.id, token: issued!.signedIn.accessToken })
  }
  await database.end()
  return stages
}

/** A thousand sockets over three replicas. Commits of one replica reach the other two through Redis. */
export async function measureReplicas(stage: BenchStage): Promise<Figure> {
  const redis = await startRedis()
  const { databaseUrl, ownerUrl, dataDir } = stage
  const replicas = await Promise.all(
    Array.from({ length: REPLICAS }, () =>
      startServerProcess({ databaseUrl, ownerUrl, dataDir, env: { REDIS_URL: redis.url, ROLES: 'api' } }),
    ),
  )
  const urls = replicas.map(({ url }) => url)
  const times = await socketTimes({ ...stage, url: urls[0]! }, urls)
  await Promise.all(replicas.map(({ server }) => stopProcess(server)))
  await redis.stop()
  const limit = await limitSockets()
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  return {
    what: `1,000 sockets over ${REPLICAS} replicas, p50 / p99 from the push to the device`,
    measured: `${ms(p50)} / ${ms(p99)}`,
    limit: `${ms(limit.p50)} / ${ms(limit.p99)} (bare ws in one process)`,
    goal: `≤ ${SOCKETS_GOAL} ×`,
    met: p50 <= SOCKETS_GOAL * limit.p50 && p99 <= SOCKETS_GOAL * limit.p99,
  }
}

/** The same work with and without a pooler between the server and PostgreSQL. */
export async function measurePooler(stage: BenchStage, program: string): Promise<Figure> {
  const { databaseUrl, ownerUrl, dataDir } = stage
  const bouncer = await startPgBouncer([databaseUrl], { program, poolSize: POOL_SIZE })
  const { server, url } = await startServerProcess({ databaseUrl: bouncer.through(databaseUrl), ownerUrl, dataDir })
  const stages = await organisations(stage, POOLED_ORGANISATIONS)
  const pooled = await rateOver(stages.map((one) => ({ ...one, url })))
  await stopProcess(server)
  await bouncer.stop()
  const direct = await rateOver(await organisations(stage, POOLED_ORGANISATIONS))
  return {
    what: `mutations on the server, ${POOLED_ORGANISATIONS} organisations, through PgBouncer with ${POOL_SIZE} connections`,
    measured: perSecond(pooled),
    limit: `${perSecond(direct)} (directly, 12 connections)`,
    goal: '≥ 0.6 ×',
    met: pooled >= direct * 0.6,
  }
}
