// What a connected device costs the server: how its resident memory grows from a few sockets to a thousand. Two server
// states with the same history are compared, because a process does not give back at once what it once had.
import { execFileSync } from 'node:child_process'
import { listen } from '../tests/support/test-server.ts'
import type { Figure } from './support/figures.ts'
import type { Stage } from './support/stage.ts'

const SIZES = [125, 250, 500, 1_000]
const GOAL_KB = 40
/** What was left over from opening the sockets is collected meanwhile. */
const SETTLE_MS = 3_000

export async function measureSocketMemory(stage: Stage): Promise<Figure> {
  const sockets: ReturnType<typeof listen>[] = []
  const used: number[] = []
  await connect(stage, sockets, SIZES[0]!)
  for (const socket of sockets.splice(0)) await socket.close()
  for (const size of SIZES) {
    await connect(stage, sockets, size)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    used.push(residentKb(stage.server.pid!))
  }
  await Promise.all(sockets.map((socket) => socket.close()))
  const perSocket = (used.at(-1)! - used[0]!) / (SIZES.at(-1)! - SIZES[0]!)
  return {
    what: `memory per connected device on the server (growth of resident memory from ${SIZES[0]} to ${SIZES.at(-1)} sockets)`,
    measured: `${perSocket.toFixed(1)} KB`,
    limit: `(none; ${used.map((kb, i) => `${Math.round(kb / 1024)} MB at ${SIZES[i]}`).join(', ')})`,
    goal: `≤ ${GOAL_KB} KB`,
    met: perSocket <= GOAL_KB,
  }
}

async function connect(stage: Stage, sockets: ReturnType<typeof listen>[], count: number): Promise<void> {
  const added = Array.from({ length: count - sockets.length }, () => listen(stage.url, stage.token, { cursor: null }))
  sockets.push(...added)
  await Promise.all(added.map((socket) => socket.until(() => socket.messages.length > 0, 60_000)))
}

function residentKb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }))
}
