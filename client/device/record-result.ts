// The results of recording a mutation and of losing the storage.
import type { MutationName, RefusalOf } from '#shared/mutations/verbs.ts'
import type { MergeCode } from '#shared/values/refusals.ts'
import type { Refusal } from '#shared/values/refuse.ts'

/** `note`: why the mutation will take effect only in part, as far as this device can tell. */
export type RecordResult<N extends MutationName = MutationName> =
  | { saved: true; id: string; note?: MergeCode }
  | { saved: false; refusal: Refusal<RefusalOf<N>> }

/** After the browser, or a person in its settings, deleted the storage: memory was written back, or there was none. */
export type StorageLoss = 'restored' | 'gone'
