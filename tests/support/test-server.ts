// A whole server for tests: real HTTP and sockets on a free port, over the given database.
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import pino from 'pino'
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { AppRouter } from '../../server/api/app-router.ts'
import { readConfig } from '../../server/process/config.ts'
import { startServer } from '../../server/main.ts'
import { freePort } from './free-port.ts'

export interface TestServer {
  url: string
  setupToken: string | undefined
  stop(): Promise<void>
}

export const JWT_SECRET = 'tests-tests-tests-tests-tests-tests-tests'

export async function startTestServer(
  databaseUrl: string,
  { log = pino({ level: 'silent' }), env = {} }: { log?: pino.Logger; env?: Record<string, string> } = {},
): Promise<TestServer> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const config = readConfig({
    PORT: String(port),
    JWT_SECRET,
    PUBLIC_URL: url,
    LOG_LEVEL: 'silent',
    ROLES: 'api',
    ...env,
  })
  const database = { url: databaseUrl, ownerUrl: config.databaseOwnerUrl ?? databaseUrl, embedded: false }
  const { stop, setupToken } = await startServer({ config, database, log })
  return { url, setupToken, stop }
}

export interface TestAnswer {
  status: number
  headers: Headers
  /** Tests read answers of every shape. */
  body: ReturnType<typeof JSON.parse>
}

/** Calls a procedure as another program would, over plain HTTP. */
export async function call(
  url: string,
  path: string,
  input: unknown,
  options: { token?: string; get?: boolean; headers?: Record<string, string>; raw?: string } = {},
): Promise<TestAnswer> {
  const { token, get = false, headers = {}, raw } = options
  const query = get && input !== undefined ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''
  const response = await fetch(`${url}/trpc/${path}${query}`, {
    method: get ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(!get && { body: raw ?? JSON.stringify(input) ?? '' }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
}

export async function signIn(url: string, email: string, password: string): Promise<string> {
  const { body } = await call(url, 'auth.login', { email, password })
  return body.result.data.accessToken
}

/** Subscribes as a device does. `messages` grows; `until` waits for a condition. */
export function listen(url: string, token: string, request: { clientId?: string; cursor: string | null }) {
  const messages: LiveMessage[] = []
  const arrivedAt: number[] = []
  const refusals: string[] = []
  const socket = createWSClient({ url: `${url.replace('http', 'ws')}/trpc`, connectionParams: { token } })
  const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] })
  const subscription = client.live.subscribe(request, {
    onData: (message) => {
      messages.push(message)
      arrivedAt.push(performance.now())
    },
    onError: (error) => refusals.push((error.data as { refusal: string } | undefined)?.refusal ?? error.message),
  })
  const until = async (fits: () => boolean, timeoutMs = 5_000) => {
    const end = Date.now() + timeoutMs
    while (!fits()) {
      if (Date.now() > end)
        throw new Error(`no message that fits within ${timeoutMs} ms: ${JSON.stringify({ messages, refusals })}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const close = async () => {
    subscription.unsubscribe()
    await socket.close()
  }
  return { messages, arrivedAt, refusals, until, close }
}
