// How it stands with the server, for whoever shows it.
import type { Loading } from './exchange.ts'
import type { Link } from './sync-state.ts'

export interface SyncStatus {
  link: Link
  busy: boolean
  loading: Loading | undefined
  /** Why nothing moves, as a code of the catalogue. */
  problem: string | undefined
}
