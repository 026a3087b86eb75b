// An error that no code can catch. postgres.js (3.4.9) queries the array types on each new connection before it hands the
// connection out. If the connection closes in the meantime, the caller gets an error, and the query for the types fails a
// second time as an unhandled rejection, which ends the process: the server would crash with its database.
// `fetch_types: false` is not a solution, because a `reserve` that needs a new connection then never resolves.

/** Codes of postgres.js for a closed connection, and of PostgreSQL for closing it. System errors have a `syscall`. */
const LOST = /^(CONNECTION_|08|57P)/

/** True for this error only. */
export function isOrphanedError(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false
  const { code, syscall, query } = reason as { code?: unknown; syscall?: unknown; query?: unknown }
  const isLost = syscall !== undefined || LOST.test(String(code))
  return isLost && /typarray\s+from pg_catalog/.test(String(query))
}

let isInstalled = false

/** Keeps this error from ending the process. Every other unhandled rejection still does. */
export function surviveOrphanedErrors(): void {
  if (isInstalled) return
  isInstalled = true
  process.on('unhandledRejection', (reason) => {
    if (!isOrphanedError(reason)) throw reason
  })
}
