// Starts run-server.ts, waits until it is ready, and can kill it as a crash would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { JWT_SECRET } from './test-server.ts'

const START_TIMEOUT_MS = 20_000

export interface ServerProcess {
  url: string
  /** Sends SIGKILL: the process has no time for anything. */
  kill(): Promise<void>
  /** Sends SIGTERM and resolves to the exit code. */
  stop(): Promise<number | null>
}

export async function startServerProcess({
  databaseUrl,
  port,
  redisUrl = '',
  replicaUrl = '',
  env: extra = {},
}: {
  databaseUrl: string
  port: number
  redisUrl?: string
  replicaUrl?: string
  env?: Record<string, string>
}): Promise<ServerProcess> {
  const settings = {
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    DATABASE_REPLICA_URL: replicaUrl,
  }
  const env = { ...process.env, ...settings, JWT_SECRET, LOG_LEVEL: 'silent', ...extra }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run-server.ts')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://localhost:${port}`
  const latest = Date.now() + START_TIMEOUT_MS
  while (
    !(await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > latest || child.exitCode !== null) throw new Error('the server did not start')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    child.kill(signal)
    await once(child, 'exit')
    return child.exitCode
  }
  return {
    url,
    kill: async () => {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
  }
}
