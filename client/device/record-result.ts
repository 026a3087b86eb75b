// What became of something recorded here.
import type { MergeCode, Refusal } from '#shared/values/refusals.ts'

/** `note` says why it will take effect only in part, as far as this device can tell. */
export type RecordResult = { saved: true; id: string; note?: MergeCode } | { saved: false; refusal: Refusal }

/** What became of a device whose storage was deleted by the browser, or by a person in its settings. */
export type StorageLoss = 'restored' | 'gone'
