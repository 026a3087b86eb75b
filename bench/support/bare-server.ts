// A separate program, like the server that it is compared with: it receives a request, makes one row durable, sends a
// message to each socket and answers, without any rules. Prints its port.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import postgres from 'postgres'
import { WebSocketServer } from 'ws'

const sql = postgres(process.env['DATABASE_OWNER_URL']!, { max: 1, onnotice: () => undefined })
await sql`create table limit_edits (id uuid primary key, args jsonb)`
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => void take(Buffer.concat(parts).toString()).then((answer) => response.end(answer)))
})
const sockets = new WebSocketServer({ server })

async function take(text: string): Promise<string> {
  const { id, args } = JSON.parse(text) as { id: string; args: object }
  await sql`insert into limit_edits (id, args) values (${id}, ${sql.json(args as never)})`
  const message = JSON.stringify({ id, args })
  for (const socket of sockets.clients) socket.send(message)
  return JSON.stringify({ id })
}

process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  for (const socket of sockets.clients) socket.terminate()
  void sql`drop table limit_edits`.then(() => sql.end())
})
server.listen(0, () => console.log((server.address() as AddressInfo).port))
