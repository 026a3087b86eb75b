// Three servers on one database and one Redis, behind a balancer, and how each is started anew.
import { freePort } from '../support/free-port.ts'
import { startHaproxy } from '../support/haproxy.ts'
import { startRedis } from '../support/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'

export interface ThreeReplicas {
  /** Of the balancer. */
  url: string
  replicas: ServerProcess[]
  /** Starts one at the address that it had. */
  startAnew(index: number): Promise<void>
}

/** `ends` gets what is to be undone, last first. */
export async function startThreeReplicas(
  databaseUrl: string,
  ends: (() => Promise<unknown>)[],
  env: Record<string, string> = {},
): Promise<ThreeReplicas> {
  const redis = await startRedis()
  ends.push(() => redis.stop())
  const ports = [await freePort(), await freePort(), await freePort()]
  const start = (port: number) => startServerProcess({ databaseUrl, port, redisUrl: redis.url, env })
  const replicas = await Promise.all(ports.map(start))
  ends.push(() => Promise.all(replicas.map(({ kill }) => kill())))
  const balancer = await startHaproxy(ports)
  ends.push(() => balancer.stop())
  return {
    url: balancer.url,
    replicas,
    startAnew: async (index) => {
      replicas[index] = await start(ports[index]!)
    },
  }
}
