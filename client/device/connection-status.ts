// How it stands with the server: what synchronisation finds, and the shell shows.
export type Link =
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

export interface Loading {
  rows: number
  /** 0 … 1 */
  fraction: number
}

export interface LinkStatus {
  link: Link
  busy: boolean
  loading: Loading | undefined
  /** Why nothing moves, as a code for `meaningOf`. */
  problem: string | undefined
}
