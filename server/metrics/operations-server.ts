// The port for operators: metrics, liveness and readiness. It is separate from the app's port, so that it does not have to be
// public. A worker only has this one.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { StartError } from '../process/start-error.ts'

export interface OperationsParts {
  port: number
  /** The address that it listens on. */
  host: string
  metrics: () => Promise<{ contentType: string; text: string }>
  /** Rejects with the cause in words while this process should not get requests. */
  ready: () => Promise<void>
}

/** @returns a function that closes it */
export async function serveOperations({ port, host, metrics, ready }: OperationsParts): Promise<() => Promise<void>> {
  const answers: Record<string, () => Promise<{ status: number; contentType: string; text: string }>> = {
    '/metrics': async () => ({ status: 200, ...(await metrics()) }),
    '/healthz': async () => json(200, { ok: true }),
    '/readyz': () =>
      ready().then(
        () => json(200, { ok: true }),
        (error: Error) => json(503, { ok: false, cause: error.message }),
      ),
  }
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0]!] ?? (async () => json(404, { ok: false }))
    void answer()
      .catch((error: unknown) => json(500, { ok: false, cause: String(error) }))
      .then(({ status, contentType, text }) => response.writeHead(status, { 'content-type': contentType }).end(text))
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const problem = error as NodeJS.ErrnoException
    if (problem.code === 'EADDRNOTAVAIL')
      throw new StartError(`METRICS_HOST ${host} is not an address of this machine: set it to one, or leave it out`)
    throw new StartError(`METRICS_PORT ${port} cannot be opened (${problem.message}): set it to another one`)
  }
  return async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

function json(status: number, body: unknown) {
  return { status, contentType: 'application/json', text: JSON.stringify(body) }
}
