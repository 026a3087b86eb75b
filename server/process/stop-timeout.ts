/** A socket or job that does not end must not keep the process running; Kubernetes kills it after 30 s. */
export const STOP_TIMEOUT_MS = 25_000
