// Sockets that send everything that is written in one turn of the event loop at once. Each separate packet wakes PostgreSQL,
// which on a small machine takes the processor from the server that still has more to send. postgres.js (3.4.9) only combines
// writes below 1 KB, and sends a commit of twelve bytes separately from its data.
import { Socket } from 'node:net'

/** The address of a pool, as postgres.js has parsed it from its URL. */
interface Address {
  host: string[]
  port: number[]
  /** A Unix socket. */
  path?: string | false
}

/** A value for the option `socket` of postgres.js. Several hosts take turns, as without the option. */
export function coalescingSockets(): (address: Address) => Socket {
  let turn = 0
  return ({ host, port, path }) => {
    const index = turn++ % host.length
    const socket = coalescing(new Socket())
    // What is written before it is connected is queued.
    if (path) socket.connect(path)
    else socket.connect(port[index]!, host[index]!)
    return Object.assign(socket, { host: host[index] }) // postgres.js reads the server name for TLS from here
  }
}

function coalescing(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...parts: unknown[]) => boolean
  let isCorked = false
  const send = () => {
    isCorked = false
    socket.uncork()
  }
  return Object.assign(socket, {
    write: (...parts: unknown[]) => {
      if (!isCorked) {
        isCorked = true
        socket.cork()
        process.nextTick(send)
      }
      return write(...parts)
    },
  })
}
