// Sockets to PostgreSQL that send what is written in one turn of the event loop as one: each write wakes PostgreSQL, and on
// a small machine that takes the processor from whoever has more to say. postgres.js (3.4.9) gathers below 1 KB alone, and
// sends a commit of twelve bytes apart from what it commits.
import { Socket } from 'node:net'

/** Where a pool connects to, as postgres.js has parsed it from its URL. */
interface Address {
  host: string[]
  port: number[]
  /** A Unix socket. */
  path?: string | false
}

/** What a pool opens its connections with; several hosts take turns, as without it. */
export function coalescingSockets(): (address: Address) => Socket {
  let turn = 0
  return ({ host, port, path }) => {
    const index = turn++ % host.length
    const socket = gathering(new Socket())
    // What is written before it is connected waits.
    if (path) socket.connect(path)
    else socket.connect(port[index]!, host[index]!)
    return Object.assign(socket, { host: host[index] }) // the name that a certificate has to bear: it is looked for here
  }
}

function gathering(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...parts: unknown[]) => boolean
  let isGathering = false
  const send = () => {
    isGathering = false
    socket.uncork()
  }
  return Object.assign(socket, {
    write: (...parts: unknown[]) => {
      if (!isGathering) {
        isGathering = true
        socket.cork()
        process.nextTick(send)
      }
      return write(...parts)
    },
  })
}
