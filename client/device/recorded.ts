// What became of something recorded here.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { MergeCode, Refusal } from '#shared/values/refusals.ts'

/** `note` says why it will take effect only in part, as far as this device can tell. */
export type Recorded = { saved: true; id: string; note?: MergeCode } | { saved: false; refusal: Refusal }

/** One of this device's own mutations, newest first, with where it is. */
export interface RecentEntry {
  envelope: Envelope
  /** saved: durable here; synced: the server has decided it (a refusal shows as a conflict with its id). */
  state: 'saved' | 'synced'
}

/** What became of a device whose storage was deleted by the browser, or by a person in its settings. */
export type Loss = 'restored' | 'gone'
