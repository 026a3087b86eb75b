// A lean HTTP client, the same for a measurement and its limit. `fetch` costs the measuring process more than many a
// request costs the server, and both share the machine's processors.
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true })

/** Resolves to the status and the parsed body. */
export function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const text = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sending = request(url, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
    })
    sending.on('error', reject)
    sending.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(parts).toString()) as unknown }),
      )
    })
    sending.end(text)
  })
}
