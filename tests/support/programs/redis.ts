// A real Redis on a free loopback port that stores nothing on disk.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { freePort } from '../free-port.ts'

export type TestRedis = { url: string; stop(): Promise<void> }

const START_TIMEOUT_MS = 10_000

export async function startRedis(port?: number): Promise<TestRedis> {
  port ??= await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await ready(child)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    },
  }
}

function ready(child: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`redis-server ${reason} ${output}`))
    const timeout = setTimeout(() => fail(`is not ready after ${START_TIMEOUT_MS} ms:`), START_TIMEOUT_MS)
    child.once('error', () => fail('is missing: on Debian, apt-get install redis-server'))
    child.once('close', (code) => {
      clearTimeout(timeout)
      fail(`ended with ${code}:`)
    })
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (!output.includes('Ready to accept connections')) return
      clearTimeout(timeout)
      resolve()
    })
  })
}
