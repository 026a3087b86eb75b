// The transport of sync to the server: tRPC over HTTP, and a WebSocket for live messages.
import { createTRPCClient, createWSClient, httpLink, TRPCClientError, wsLink } from '@trpc/client'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import type { AppRouter } from '../../server/api/app-router.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import type { LiveHandlers, SyncTransport } from './sync-transport.ts'
import { RequestError, refusalOfStatus, retryAfterMs } from './sync-transport.ts'

/** The close code of a server that shuts down (IANA registry of RFC 6455). */
const SERVICE_RESTART = 1012
/** The first retry is spread over some seconds, because all sockets of a restarted server reconnect at once. */
const RECONNECT_MIN_MS = 3_000
const RECONNECT_MAX_MS = 30_000

/** Where access tokens come from: the session of the signed-in person. */
export interface TokenSource {
  /** Returns undefined if the session has ended. */
  token(): Promise<string | undefined>
  forgetToken(): void
}

/** `origin`: the server's, like `https://stock.example.com`. */
export function trpcTransport(
  session: TokenSource,
  origin: string = globalThis.location.origin,
  clock: Clock = systemClock,
): SyncTransport {
  const token = async () => {
    const text = await session.token()
    if (text === undefined) throw new RequestError({ refusal: 'unauthenticated' })
    return text
  }
  const http = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${origin}/trpc`,
        fetch: (input, init) => fetchUnlessProxy(input as string, init as RequestInit, clock),
        headers: async () => ({
          authorization: `Bearer ${await token()}`,
          [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
        }),
      }),
    ],
  })
  const send = async <T>(request: () => Promise<T>, { retry = true } = {}): Promise<T> => {
    try {
      return await request()
    } catch (error) {
      const requestError = toRequestError(error, clock.now())
      // the role may have changed: the next token has the new one
      if (requestError.refusal === 'resnapshot') session.forgetToken()
      if (requestError.refusal !== 'unauthenticated') throw requestError
      session.forgetToken()
      if (!retry) throw requestError
      // the token has expired, or the server has new keys: retry once with a new token
      return send(request, { retry: false })
    }
  }
  return {
    push: (request, signal) =>
      send(async () => {
        await token()
        return http.sync.push.mutate(request(), { ...(signal && { signal }) })
      }),
    pull: (request, signal) => send(() => http.sync.pull.query(request, { ...(signal && { signal }) })),
    subscribe: (request, handlers) => subscribe({ origin, token, clock }, request, handlers),
  }
}

/** A proxy that answers instead of the server does not speak tRPC, whose client would fail to parse the answer. */
async function fetchUnlessProxy(input: string, init: RequestInit, clock: Clock): Promise<Response> {
  const response = await fetch(input, init)
  const { headers, ok, status } = response
  if (ok || headers.get('content-type')?.includes('json')) return response
  const waitMs = retryAfterMs(headers.get('retry-after'), clock.now())
  throw new RequestError({ refusal: refusalOfStatus(status), retryAfterMs: waitMs, protocol: protocolOf(response) })
}

function protocolOf(response: Response | undefined): number | undefined {
  const text = response?.headers.get(PROTOCOL_HEADER)
  return text ? Number(text) : undefined
}

function subscribe(
  { origin, token, clock }: { origin: string; token: () => Promise<string>; clock: Clock },
  request: { clientId: string; cursor: string | null },
  handlers: LiveHandlers,
): () => void {
  const socket = createWSClient({
    url: `${origin.replace(/^http/, 'ws')}/trpc`,
    connectionParams: async () => ({ token: await token() }),
    retryDelayMs: (attempt) => clock.random() * Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** attempt),
    keepAlive: { enabled: true, intervalMs: 15_000, pongTimeoutMs: 8_000 },
    onOpen: () => handlers.open(true),
    onClose: (cause) => handlers.open(false, cause?.code === SERVICE_RESTART),
  })
  const client = createTRPCClient<AppRouter>({
    links: [wsLink({ client: socket })],
  })
  const subscription = client.live.subscribe(request, {
    onData: (message) => handlers.message(message),
    onError: (error) => handlers.refused(toRequestError(error, clock.now()).refusal ?? 'unavailable'),
  })
  return () => {
    subscription.unsubscribe()
    void socket.close()
  }
}

function toRequestError(error: unknown, now: number): RequestError {
  if (error instanceof RequestError) return error
  if (!(error instanceof TRPCClientError)) return new RequestError({})
  if (error.cause instanceof RequestError) return error.cause
  const data = error.data as { refusal?: string; lastSeq?: number } | undefined
  const response = error.meta?.response instanceof Response ? error.meta.response : undefined
  return new RequestError({
    refusal: data?.refusal ?? refusalOfStatus(response?.status),
    lastSeq: data?.lastSeq,
    retryAfterMs: retryAfterMs(response?.headers.get('retry-after'), now),
    protocol: protocolOf(response),
  })
}
