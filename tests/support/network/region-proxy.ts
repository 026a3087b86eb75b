// Behaves like Fly.io's proxy, as far as its documentation describes it. It sends a request to the nearest region. If
// the answer has a fly-replay header, it sends the same request again to the region named there, with fly-replay-src.
// Requests of more than 1 MB cannot be replayed. Sockets go to the nearest region and stay there.
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'

export interface RegionProxy {
  url: string
  /** Path and region of each replayed request. */
  readonly replayed: string[]
  close(): Promise<void>
}

const REPLAY_MAX_BYTES = 1_000_000
/** The real proxy gives up as well, after more hops. */
const HOPS_MAX = 3

/** @param regions the origin of each region, by name */
export async function startRegionProxy(regions: Record<string, string>, nearest: string): Promise<RegionProxy> {
  const replayed: string[] = []
  const server = createServer((request, response) => {
    void forward({ request, regions, nearest, replayed, response }).catch((error: unknown) => {
      response.writeHead(502).end(String(error))
    })
  })
  server.on('upgrade', (request, socket, head: Buffer) => {
    const upstream = connect(Number(new URL(regions[nearest]!).port), '127.0.0.1')
    const lines = [`${request.method} ${request.url} HTTP/1.1`]
    for (let i = 0; i < request.rawHeaders.length; i += 2)
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
    upstream.write(head)
    socket.pipe(upstream).pipe(socket)
    for (const one of [socket, upstream]) one.on('error', () => [socket, upstream].forEach((other) => other.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replayed,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Forwarding {
  request: IncomingMessage
  response: ServerResponse
  regions: Record<string, string>
  nearest: string
  replayed: string[]
}

async function forward({ request, response, regions, nearest, replayed }: Forwarding): Promise<void> {
  const body = Buffer.concat(await request.toArray())
  let region = nearest
  let { headers } = request
  for (let hops = 0; hops <= HOPS_MAX; hops++) {
    const answer = await ask(regions[region]!, request, headers, body)
    const target = /^region=(\w+)$/.exec(String(answer.headers['fly-replay'] ?? ''))?.[1]
    const text = Buffer.concat(await answer.toArray())
    if (target === undefined) {
      response.writeHead(answer.statusCode!, answer.headers).end(text)
      return
    }
    if (body.length > REPLAY_MAX_BYTES) throw new Error('too large to replay')
    if (text.length > 0) throw new Error('an answer that asks for a replay has no body')
    replayed.push(`${request.url!.split('?')[0]} ${target}`)
    headers = { ...headers, 'fly-replay-src': `instance=test;region=${region};t=${Date.now() * 1000};state=` }
    region = target
  }
  throw new Error('replayed without end')
}

async function ask(
  origin: string,
  { method, url }: IncomingMessage,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<IncomingMessage> {
  const upstream = send(`${origin}${url}`, { method: method!, headers })
  upstream.end(body)
  const [answer] = (await once(upstream, 'response')) as [IncomingMessage]
  return answer
}
