// A real load balancer in front of several servers: round robin, with health checks and sockets.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'

const START_TIMEOUT_MS = 10_000

export async function startHaproxy(ports: readonly number[]): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'stockhand-haproxy-'))
  const config = join(folder, 'haproxy.cfg')
  const servers = ports.map((one, index) => `  server s${index} 127.0.0.1:${one} check inter 200ms fall 1 rise 1`)
  writeFileSync(
    config,
    [
      'defaults',
      '  mode http',
      '  timeout connect 2s',
      '  timeout client 60s',
      '  timeout server 60s',
      '  timeout tunnel 1h',
      '  timeout check 5s', // a busy machine is slow, not down
      'frontend devices',
      `  bind 127.0.0.1:${port}`,
      '  default_backend replicas',
      'backend replicas',
      '  balance roundrobin',
      '  option httpchk GET /readyz',
      '  option redispatch',
      ...servers,
      '',
    ].join('\n'),
  )
  const child = spawn('haproxy', ['-f', config, '-db'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.once('error', (error) => (output += error.message))
  const url = `http://127.0.0.1:${port}`
  const end = Date.now() + START_TIMEOUT_MS
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
    if (Date.now() > end || child.exitCode !== null)
      throw new Error(`haproxy (apt-get install haproxy) failed: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
