// A failure that is nobody's. postgres.js (3.4.9) asks each new connection for its types of arrays before anybody gets it;
// where the connection closes meanwhile, whoever waits for it is told, and the statement for the types fails a second time
// with nobody to hear it, which by Node's rule ends the process: a server would die with its database. (`fetch_types: false`
// is no way out: then a reserved connection that is the first of its slot never comes.)

/** The driver's word for a closed connection, and PostgreSQL's for ending it; what the system says bears its call's name. */
const LOST = /^(CONNECTION_|08|57P)/

/** True for that failure, and for no other. */
export function isOrphanedError(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false
  const { code, syscall, query } = reason as { code?: unknown; syscall?: unknown; query?: unknown }
  const isLost = syscall !== undefined || LOST.test(String(code))
  return isLost && /typarray\s+from pg_catalog/.test(String(query))
}

let isInstalled = false

/** From here on it does not end the process. Everything else does, as it should. */
export function surviveOrphanedErrors(): void {
  if (isInstalled) return
  isInstalled = true
  process.on('unhandledRejection', (reason) => {
    if (!isOrphanedError(reason)) throw reason
  })
}
