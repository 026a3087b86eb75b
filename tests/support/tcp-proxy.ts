// A TCP proxy that behaves as bad networks do. It forwards bytes as they are until its weather says otherwise.
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'

export interface Weather {
  /** A number from 0 to below 1, seeded: what a connection meets is decided as it opens. */
  random(): number
  /** How likely a connection is cut: before, in the middle of, or after what it asks. */
  cuts: number
  /** How likely every piece of a connection is held up, and for how long at most, ms. */
  delays: number
  delayMaxMs: number
  /** How likely a whole request arrives a second time, on a connection of its own. */
  duplicates: number
}

/** A connection is cut somewhere in its first bytes, there or back. */
const CUT_WITHIN_BYTES = 6_000

export class TcpProxy {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #target: number
  weather: Weather | undefined
  /** What it did to connections, so that a test can say that it rained at all. */
  readonly did = { cut: 0, delayed: 0, duplicated: 0 }

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

  /** Sends new connections elsewhere: what stood behind it was started again. */
  retarget(port: number): void {
    this.#target = port
    this.hangUp()
  }

  hangUp(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async close(): Promise<void> {
    this.hangUp()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const { weather } = this
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
    if (!weather) {
      client.pipe(upstream)
      upstream.pipe(client)
      return
    }
    const cutAt = weather.random() < weather.cuts ? Math.floor(weather.random() * CUT_WITHIN_BYTES) : undefined
    const cutsThere = weather.random() < 0.5
    this.#forward(client, upstream, { weather, cutAt: cutsThere ? cutAt : undefined, end, isRequest: true })
    this.#forward(upstream, client, { weather, cutAt: cutsThere ? undefined : cutAt, end, isRequest: false })
  }

  #forward(
    from: Socket,
    to: Socket,
    way: { weather: Weather; cutAt: number | undefined; end: () => void; isRequest: boolean },
  ): void {
    const { weather, cutAt, end, isRequest } = way
    let seen = 0
    let line = Promise.resolve()
    let request = Buffer.alloc(0)
    from.on('data', (chunk: Buffer) => {
      const left = cutAt === undefined ? chunk.length : Math.min(chunk.length, Math.max(0, cutAt - seen))
      seen += chunk.length
      const late = weather.random() < weather.delays ? weather.random() * weather.delayMaxMs : 0
      if (late > 0) this.did.delayed += 1
      line = line.then(async () => {
        if (late > 0) await new Promise((resolve) => setTimeout(resolve, late))
        if (!to.destroyed) to.write(chunk.subarray(0, left))
        if (left === chunk.length) return
        this.did.cut += 1
        end()
      })
      if (!isRequest) return
      request = Buffer.concat([request, chunk])
      if (!isWhole(request)) return
      if (weather.random() < weather.duplicates) this.#again(request)
      request = Buffer.alloc(0)
    })
    from.on('end', () => void line.then(() => to.end()))
  }

  /** The same request once more; nobody hears the answer. */
  #again(request: Buffer): void {
    this.did.duplicated += 1
    const socket = connect(this.#target, '127.0.0.1', () => socket.write(request))
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#open.delete(socket))
    socket.resume()
    setTimeout(() => socket.destroy(), 2_000).unref()
  }
}

/** True where the bytes are one whole HTTP request with a body. */
function isWhole(bytes: Buffer): boolean {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0 || !bytes.subarray(0, 5).equals(Buffer.from('POST '))) return false
  const length = /content-length: (\d+)/i.exec(bytes.subarray(0, head).toString('latin1'))?.[1]
  return length !== undefined && bytes.length >= head + 4 + Number(length)
}
