// How it stands with the server: what synchronisation finds, and the shell shows.
export type ConnectionState =
  | 'online'
  | 'offline'
  | 'connecting'
  | 'paused'
  | 'signed_out'
  | 'limited'
  | 'outdated'
  | 'refused'
  | 'storage'
  | 'revoked'

export interface LoadProgress {
  rows: number
  /** 0 … 1 */
  fraction: number
}

export interface ConnectionStatus {
  link: ConnectionState
  busy: boolean
  loading: LoadProgress | undefined
  /** Why nothing moves, as a code for `meaningOf`. */
  problem: string | undefined
}
