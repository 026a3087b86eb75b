// What became of something recorded here.
import type { MutationName, RefusalOf } from '#shared/mutations/verbs.ts'
import type { MergeCode } from '#shared/values/refusals.ts'
import type { Refusal } from '#shared/values/refuse.ts'

/** `note` says why it will take effect only in part, as far as this device can tell. */
export type RecordResult<N extends MutationName = MutationName> =
  | { saved: true; id: string; note?: MergeCode }
  | { saved: false; refusal: Refusal<RefusalOf<N>> }

/** What became of a device whose storage was deleted by the browser, or by a person in its settings. */
export type StorageLoss = 'restored' | 'gone'
