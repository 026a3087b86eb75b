// A TCP proxy that behaves like a bad network. It forwards bytes unchanged until faults are set.
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'

export interface NetworkFaults {
  /** A seeded number from 0 to below 1. The faults of a connection are decided when it opens. */
  random(): number
  /** Probability that a connection is cut, before, during or after its request. */
  cuts: number
  /** Probability that a chunk is delayed, and the longest delay in ms. */
  delays: number
  delayMaxMs: number
  /** Probability that a whole request arrives a second time, on another connection. */
  duplicates: number
}

/** A connection is cut somewhere in its first bytes, in either direction. */
const CUT_WITHIN_BYTES = 6_000

export class TcpProxy {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #target: number
  faults: NetworkFaults | undefined
  /** Counts the faults, so that a test can assert that there were any. */
  readonly injected = { cut: 0, delayed: 0, duplicated: 0 }

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
  }

  static async open(target: number): Promise<TcpProxy> {
    const server = createServer()
    const proxy = new TcpProxy(server, target)
    server.on('connection', (client) => proxy.#join(client))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** Sends new connections to another port, because the server behind it was restarted. */
  retarget(port: number): void {
    this.#target = port
    this.cutAll()
  }

  cutAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async close(): Promise<void> {
    this.cutAll()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const { faults } = this
    const upstream = connect(this.#target, '127.0.0.1')
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      this.#open.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#open.delete(socket)
        end()
      })
    }
    if (!faults) {
      client.pipe(upstream)
      upstream.pipe(client)
      return
    }
    const cutAt = faults.random() < faults.cuts ? Math.floor(faults.random() * CUT_WITHIN_BYTES) : undefined
    const cutsThere = faults.random() < 0.5
    this.#forward(client, upstream, { faults, cutAt: cutsThere ? cutAt : undefined, end, isRequest: true })
    this.#forward(upstream, client, { faults, cutAt: cutsThere ? undefined : cutAt, end, isRequest: false })
  }

  #forward(
    from: Socket,
    to: Socket,
    direction: { faults: NetworkFaults; cutAt: number | undefined; end: () => void; isRequest: boolean },
  ): void {
    const { faults, cutAt, end, isRequest } = direction
    let seen = 0
    let line = Promise.resolve()
    let request = Buffer.alloc(0)
    from.on('data', (chunk: Buffer) => {
      const left = cutAt === undefined ? chunk.length : Math.min(chunk.length, Math.max(0, cutAt - seen))
      seen += chunk.length
      const late = faults.random() < faults.delays ? faults.random() * faults.delayMaxMs : 0
      if (late > 0) this.injected.delayed += 1
      line = line.then(async () => {
        if (late > 0) await new Promise((resolve) => setTimeout(resolve, late))
        if (!to.destroyed) to.write(chunk.subarray(0, left))
        if (left === chunk.length) return
        this.injected.cut += 1
        end()
      })
      if (!isRequest) return
      request = Buffer.concat([request, chunk])
      if (!isWhole(request)) return
      if (faults.random() < faults.duplicates) this.#duplicate(request)
      request = Buffer.alloc(0)
    })
    from.on('end', () => void line.then(() => to.end()))
  }

  /** Sends the same request once more and ignores the answer. */
  #duplicate(request: Buffer): void {
    this.injected.duplicated += 1
    const socket = connect(this.#target, '127.0.0.1', () => socket.write(request))
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#open.delete(socket))
    socket.resume()
    setTimeout(() => socket.destroy(), 2_000).unref()
  }
}

/** Returns true if the bytes are one whole HTTP request with a body. */
function isWhole(bytes: Buffer): boolean {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0 || !bytes.subarray(0, 5).equals(Buffer.from('POST '))) return false
  const length = /content-length: (\d+)/i.exec(bytes.subarray(0, head).toString('latin1'))?.[1]
  return length !== undefined && bytes.length >= head + 4 + Number(length)
}
