// The numbers of the wire contract. Apart from its schemas: a service worker needs these alone.

/** This version of the contract. A device newer than the server is answered 503 and waits. */
export const PROTOCOL_VERSION = 1
export const PROTOCOL_HEADER = 'stockhand-protocol'

/** More mutations in one push would hold the organisation's lock too long. */
export const PUSH_MAX = 500
/** A larger body is cut off by Fly's replay (1 MB) and by common proxies. */
export const PUSH_MAX_BYTES = 512 * 1024
/** More rows in one page would not fit into the memory that a handheld has to spare. */
export const PULL_MAX = 20_000
/** Rows travel inside a live message up to this size; above it the message is a poke to pull. */
export const LIVE_ROWS_MAX_BYTES = 32 * 1024
/** Longest silence of a live socket: a head covers messages that were lost. */
export const LIVE_HEAD_INTERVAL_MS = 20_000
