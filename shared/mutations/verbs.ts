// The list of all verbs. A verb is never changed in place: a new shape is a new name, and old ones are served for a year.
import { categoryArchive, itemArchive, itemRestore, locationArchive } from './archiving.ts'
import { barcodeAttach } from './barcode-attach.ts'
import { barcodeDetach } from './barcode-detach.ts'
import { categoryCreate } from './category-create.ts'
import { categoryUpdate } from './category-update.ts'
import { conflictResolveVerb } from './conflict-resolve.ts'
import { itemCreate } from './item-create.ts'
import { itemUpdate } from './item-update.ts'
import { locationCreate } from './location-create.ts'
import { locationUpdate } from './location-update.ts'
import { stockCount } from './stock-count.ts'
import { stockReceive } from './stock-receive.ts'
import { stockTransfer } from './stock-transfer.ts'
import { stockUndo } from './stock-undo.ts'
import { stockWithdraw } from './stock-withdraw.ts'
import type { Verb } from './verb.ts'

const list: Verb[] = [
  itemCreate,
  itemUpdate,
  itemArchive,
  itemRestore,
  barcodeAttach,
  barcodeDetach,
  categoryCreate,
  categoryUpdate,
  categoryArchive,
  locationCreate,
  locationUpdate,
  locationArchive,
  stockReceive,
  stockWithdraw,
  stockTransfer,
  stockCount,
  stockUndo,
]

const byName = new Map(list.map((verb) => [verb.name, verb]))
const conflictResolve = conflictResolveVerb((name) => byName.get(name))
byName.set(conflictResolve.name, conflictResolve)

export function findVerb(name: string): Verb | undefined {
  return byName.get(name)
}
