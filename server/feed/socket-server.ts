// The WebSocket side of /trpc: authenticated by the first message, with a maximum message size and regular pings.
import type { IncomingMessage, Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import type { AnyRouter, inferRouterContext } from '@trpc/server'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'

/** A request on a socket is a subscription, which is small. */
const MESSAGE_MAX_BYTES = 16 * 1024
/** Load balancers close connections that are silent for a minute. */
const PING_MS = 25_000
const PONG_WAIT_MS = 10_000
/** A socket that has not authenticated by then is closed. */
const FIRST_MESSAGE_WAIT_MS = 10_000
/** Close code (IANA): the server restarts, and the client should reconnect. */
const SERVICE_RESTART = 1012
const CLOSE_WAIT_MS = 1_000

export interface SocketServerOptions<R extends AnyRouter> {
  server: Server
  router: R
  createContext: (token: string | undefined) => inferRouterContext<R>
  isAllowedOrigin: (request: IncomingMessage) => boolean
}

export interface SocketServer {
  /** The number of open sockets. */
  readonly connections: number
  /** Refuses new sockets, and tells the open ones to reconnect elsewhere, spread over `spreadMs`. */
  close(spreadMs: number): Promise<void>
}

/** Handles upgrades of /trpc. */
export function serveSockets<R extends AnyRouter>(parts: SocketServerOptions<R>): SocketServer {
  const { server, router, createContext, isAllowedOrigin } = parts
  const wss = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_MAX_BYTES })
  let isClosing = false
  applyWSSHandler<R>({
    wss,
    router,
    createContext: ({ info }) => {
      const token = info.connectionParams?.token
      return createContext(typeof token === 'string' ? token : undefined)
    },
    keepAlive: { enabled: true, pingMs: PING_MS, pongWaitMs: PONG_WAIT_MS },
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()) // a client that disconnects while it is refused must not crash the server
    const [path] = (request.url ?? '').split('?')
    if (isClosing) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n')
      return
    }
    if (path !== '/trpc' || !isAllowedOrigin(request)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return
    }
    wss.handleUpgrade(request, socket, head, (client) => {
      const timeout = setTimeout(() => client.terminate(), FIRST_MESSAGE_WAIT_MS)
      client.once('message', () => clearTimeout(timeout))
      wss.emit('connection', client, request)
    })
  })
  return {
    get connections() {
      return wss.clients.size
    },
    close: async (spreadMs) => {
      isClosing = true
      await Promise.all([...wss.clients].map((client) => move(client, Math.random() * spreadMs)))
    },
  }
}

/** Tells a device to reconnect, which leads it to another server. If all did so at once, that server would be busy. */
async function move(client: WebSocket, delayMs: number): Promise<void> {
  const closed = new Promise((resolve) => client.once('close', resolve))
  await Promise.race([closed, sleep(delayMs)])
  client.close(SERVICE_RESTART)
  const timeout = new AbortController()
  await Promise.race([closed, sleep(CLOSE_WAIT_MS, undefined, timeout).catch(() => undefined)])
  timeout.abort()
  client.terminate() // a half-open connection never answers
}
