// The two requests of the service worker, without the tRPC client, which would be half of its size.
import type { PushAnswer, SignedIn } from '#shared/protocol/wire.ts'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import type { SyncTransport } from '../sync/sync-transport.ts'
import { RequestError, refusalOfStatus, retryAfterMs } from '../sync/sync-transport.ts'

/** Renews the session of the person whose cookie the browser has, with a new token. @throws {RequestError} */
export function refresh(): Promise<SignedIn> {
  return call<SignedIn>('auth.refresh')
}

export function fetchTransport(accessToken: string): Pick<SyncTransport, 'push'> {
  return { push: (request) => call<PushAnswer>('sync.push', { request: request(), accessToken }) }
}

async function call<T>(
  procedure: string,
  { request, accessToken }: { request?: unknown; accessToken?: string } = {},
): Promise<T> {
  const response = await fetch(`/trpc/${procedure}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
    },
    ...(request !== undefined && { body: JSON.stringify(request) }),
  }).catch(() => {
    throw new RequestError({})
  })
  const body = (await response.json().catch(() => undefined)) as Answer<T> | undefined
  if (body?.result) return body.result.data
  const data = body?.error?.data
  throw new RequestError({
    refusal: data?.refusal ?? refusalOfStatus(response.status),
    lastSeq: data?.lastSeq,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()),
  })
}

interface Answer<T> {
  result?: { data: T }
  error?: { data?: { refusal?: string; lastSeq?: number } }
}
