/** After this time a process exits even if a socket or job has not ended. Kubernetes kills it after 30 s. */
export const STOP_TIMEOUT_MS = 25_000
