// Three servers on one database and one Redis, behind a balancer, and a way to restart each.
import { freePort } from '../support/free-port.ts'
import { startHaproxy } from '../support/programs/haproxy.ts'
import { startRedis } from '../support/programs/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'

export interface ThreeReplicas {
  /** The URL of the balancer. */
  url: string
  replicas: ServerProcess[]
  /** Starts a stopped server again at the same address. */
  restart(index: number): Promise<void>
}

/** Cleanups are added to `cleanups`, which run last first. */
export async function startThreeReplicas(
  databaseUrl: string,
  cleanups: (() => Promise<unknown>)[],
  env: Record<string, string> = {},
): Promise<ThreeReplicas> {
  const redis = await startRedis()
  cleanups.push(() => redis.stop())
  const ports = [await freePort(), await freePort(), await freePort()]
  const start = (port: number) => startServerProcess({ databaseUrl, port, redisUrl: redis.url, env })
  const replicas = await Promise.all(ports.map(start))
  cleanups.push(() => Promise.all(replicas.map(({ kill }) => kill())))
  const balancer = await startHaproxy(ports)
  cleanups.push(() => balancer.stop())
  return {
    url: balancer.url,
    replicas,
    restart: async (index) => {
      replicas[index] = await start(ports[index]!)
    },
  }
}
