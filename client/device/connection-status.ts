// The connection to the server: sync reports it, and the shell shows it.
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
  /** Why sync does not progress, as a code for `meaningOf`. */
  problem: string | undefined
}
