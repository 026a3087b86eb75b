// Recognises failed writes and reads of the browser's storage.
import { Dexie } from 'dexie'

/** Errors of IndexedDB, as Dexie and browsers name them. */
const NAMES = new Set([
  'AbortError',
  'ConstraintError',
  'DatabaseClosedError',
  'DataError',
  'InvalidStateError',
  'MissingAPIError',
  'NotFoundError',
  'OpenFailedError',
  'QuotaExceededError',
  'TimeoutError',
  'TransactionInactiveError',
  'UnknownError',
  'VersionError',
])

/** Returns true if the storage failed, false if the error is a bug. */
export function isStorageFailure(error: unknown): boolean {
  if (error instanceof Dexie.BulkError || error instanceof Dexie.ModifyError)
    return error.failures.every(isStorageFailure)
  return (error instanceof Dexie.DexieError || error instanceof DOMException) && NAMES.has(error.name)
}
