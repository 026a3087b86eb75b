// The numbers of the wire contract. Separate from its schemas, because the service worker needs only these.

/** The version of the contract. A server answers 503 to a newer device, which then waits. */
export const PROTOCOL_VERSION = 1
export const PROTOCOL_HEADER = 'stockhand-protocol'

/** More mutations in one push would hold the lock of the organisation for too long. */
export const PUSH_MAX = 500
/** A larger body is cut off by Fly's replay (1 MB) and by common proxies. */
export const PUSH_MAX_BYTES = 512 * 1024
/** More rows in one page would not fit into the free memory of a handheld. */
export const PULL_MAX = 20_000
/** Rows travel inside a live message up to this size; a larger message only asks for a pull. */
export const LIVE_ROWS_MAX_BYTES = 32 * 1024
/** The longest silence of a live socket. A head makes up for lost messages. */
export const LIVE_HEAD_INTERVAL_MS = 20_000
