// COPY in both directions, where the streams of postgres.js (3.4.9) lose an event each.
import type { Readable, Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type postgres from 'postgres'

/** The rows of `copy … to stdout`. */
export async function* readCopy(rows: Readable): AsyncGenerator<Buffer> {
  yield* rows as AsyncIterable<Buffer>
  // If the last rows filled its buffer, postgres.js pauses the socket, and only another read resumes it. Without this the next
  // statement is never answered.
  rows._read(0)
}

/** Sends rows to `copy … from stdin`. @throws if PostgreSQL rejects them */
export async function writeCopy(
  tx: postgres.TransactionSql,
  into: Writable,
  rows: AsyncIterable<Uint8Array>,
): Promise<void> {
  into.on('error', () => undefined) // each write reports it
  for await (const chunk of rows) {
    await new Promise<void>((resolve, reject) => into.write(chunk, (error) => (error ? reject(error) : resolve())))
  }
  into.end()
  await nextTurn()
  // postgres.js does not report an error that arrives after all rows were sent. The next statement does.
  await tx`select 1`
}
