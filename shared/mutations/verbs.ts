// The list of all verbs. A verb is never changed in place: a new shape is a new name, and old ones are served for a year.
import { alertAcknowledge, alertSnooze } from './alerts.ts'
import {
  categoryArchive,
  categoryRestore,
  itemArchive,
  itemRestore,
  locationArchive,
  locationRestore,
} from './archiving.ts'
import { barcodeAttach } from './barcode-attach.ts'
import { barcodeDetach } from './barcode-detach.ts'
import { categoryCreate } from './category-create.ts'
import { categoryUpdate } from './category-update.ts'
import { conflictResolveVerb } from './conflict-resolve.ts'
import { countApprove } from './count-approve.ts'
import { countCancel, countRecount } from './count-close.ts'
import { countOpen } from './count-open.ts'
import { countJoin, countSubmit } from './count-work.ts'
import { itemCreate } from './item-create.ts'
import { itemUpdate } from './item-update.ts'
import { levelSet } from './level-set.ts'
import { locationCreate } from './location-create.ts'
import { locationUpdate } from './location-update.ts'
import { lotCorrect } from './lot-correct.ts'
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
  categoryRestore,
  locationCreate,
  locationUpdate,
  locationArchive,
  locationRestore,
  levelSet,
  lotCorrect,
  stockReceive,
  stockWithdraw,
  stockTransfer,
  stockCount,
  stockUndo,
  countOpen,
  countJoin,
  countSubmit,
  countApprove,
  countRecount,
  countCancel,
  alertAcknowledge,
  alertSnooze,
]

const byName = new Map(list.map((verb) => [verb.name, verb]))
const conflictResolve = conflictResolveVerb((name) => byName.get(name))
byName.set(conflictResolve.name, conflictResolve)

export function findVerb(name: string): Verb | undefined {
  return byName.get(name)
}
