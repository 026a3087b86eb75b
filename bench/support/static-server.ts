// A bare HTTP server with a few bodies in memory, for what a browser can do with bytes that cost the server nothing.
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface StaticServer {
  url: string
  close(): void
}

/** @param bodies by path; `.json` is JSON, everything else HTML */
export async function serveStatic(bodies: Record<string, string | Buffer>): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const body = bodies[path]
    if (body === undefined) response.writeHead(404).end()
    else {
      const type = path.endsWith('.json') ? 'application/json' : 'text/html; charset=utf-8'
      response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
    }
  }).listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://localhost:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
