// The typed way to the server for synchronisation: tRPC over HTTP, and a socket.
import { createTRPCClient, createWSClient, httpLink, TRPCClientError, wsLink } from '@trpc/client'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import type { AppRouter } from '../../server/api/app-router.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import type { LiveHandlers, SyncTransport } from './sync-transport.ts'
import { RequestError, refusalOfStatus, retryAfterMs } from './sync-transport.ts'

/** What a server that is told to end closes its sockets with (of RFC 6455's registry). */
const SERVICE_RESTART = 1012
/** The first try is spread over some seconds: when a server restarts, all its sockets come back at once. */
const RECONNECT_MIN_MS = 3_000
const RECONNECT_MAX_MS = 30_000

/** Where access tokens come from: the session of whoever is signed in. */
export interface TokenSource {
  /** Undefined where the session has ended. */
  token(): Promise<string | undefined>
  forgetToken(): void
}

/** `origin` is the server's, like `https://stock.example.com`. */
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
  const asking = async <T>(ask: () => Promise<T>, { again = true } = {}): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      const failure = toFailure(error, clock.now())
      if (failure.refusal === 'resnapshot') session.forgetToken() // the role may be another: the next token says so
      if (failure.refusal !== 'unauthenticated') throw failure
      session.forgetToken()
      if (!again) throw failure
      return asking(ask, { again: false }) // the token had run out, or the server has new keys: once more with a new one
    }
  }
  return {
    push: (request, signal) =>
      asking(async () => {
        await token()
        return http.sync.push.mutate(request(), { ...(signal && { signal }) })
      }),
    pull: (request, signal) => asking(() => http.sync.pull.query(request, { ...(signal && { signal }) })),
    subscribe: (request, handlers) => listen({ origin, token, clock }, request, handlers),
  }
}

/** A proxy that answers in the server's place does so in words of its own, on which tRPC would only stumble. */
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

function listen(
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
    onError: (error) => handlers.refused(toFailure(error, clock.now()).refusal ?? 'unavailable'),
  })
  return () => {
    subscription.unsubscribe()
    void socket.close()
  }
}

function toFailure(error: unknown, now: number): RequestError {
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
