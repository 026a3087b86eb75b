// The cost of a connected device for the server: how the resident memory of a separate server grows from a few sockets
// to a thousand, with garbage collected before each reading. A server that already had as many sockets would show no
// growth, because a process keeps its memory.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { freePort } from '../tests/support/free-port.ts'
import { listen } from '../tests/support/test-server.ts'
import type { Figure } from './support/figures.ts'
import type { BenchStage } from './support/stage.ts'
import { signIn, startServerProcess, stopProcess } from './support/stage.ts'

const SIZES = [125, 250, 500, 1_000]
const GOAL_KB = 40
/** Time for the server to release what opening the sockets left. */
const SETTLE_MS = 2_000

export async function measureSocketMemory(stage: BenchStage): Promise<Figure> {
  const inspectPort = await freePort()
  const { databaseUrl, ownerUrl, dataDir } = stage
  const nodeOptions = [`--inspect=127.0.0.1:${inspectPort}`]
  const { server, url } = await startServerProcess({ databaseUrl, ownerUrl, dataDir, nodeOptions })
  const token = await signIn(url, stage)
  const sockets: ReturnType<typeof listen>[] = []
  const used: number[] = []
  for (const size of SIZES) {
    const added = Array.from({ length: size - sockets.length }, () => listen(url, token, { cursor: null }))
    sockets.push(...added)
    await Promise.all(added.map((socket) => socket.until(() => socket.messages.length > 0, 60_000)))
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    await collectGarbage(inspectPort)
    used.push(residentKb(server.pid!))
  }
  await Promise.all(sockets.map((socket) => socket.close()))
  await stopProcess(server)
  const perSocket = (used.at(-1)! - used[0]!) / (SIZES.at(-1)! - SIZES[0]!)
  if (perSocket <= 0) throw new Error(`no growth in ${used.join(', ')} KB: this measures something else`)
  return {
    what: `memory per connected device on the server (growth of resident memory from ${SIZES[0]} to ${SIZES.at(-1)} sockets)`,
    measured: `${perSocket.toFixed(1)} KB`,
    limit: `(none; ${used.map((kb, i) => `${Math.round(kb / 1024)} MB at ${SIZES[i]}`).join(', ')})`,
    goal: `≤ ${GOAL_KB} KB`,
    met: perSocket <= GOAL_KB,
  }
}

/** Collects garbage through the debugging protocol of the server's runtime. */
async function collectGarbage(port: number): Promise<void> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string
  }[]
  const inspector = new WebSocket(targets[0]!.webSocketDebuggerUrl)
  await once(inspector, 'open')
  for (const id of [1, 2]) {
    inspector.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await once(inspector, 'message')
  }
  inspector.close()
}

function residentKb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }))
}
