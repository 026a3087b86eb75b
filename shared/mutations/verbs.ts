// The list of all verbs. A verb is never changed in place: a new shape is a new name, and old ones are served for a year.
import { alertAcknowledge, alertSnooze } from './reviews/alerts.ts'
import {
  categoryArchive,
  categoryRestore,
  itemArchive,
  itemRestore,
  locationArchive,
  locationRestore,
} from './catalogue/archiving.ts'
import { barcodeAttach } from './catalogue/barcode-attach.ts'
import { barcodeDetach } from './catalogue/barcode-detach.ts'
import { categoryCreate } from './catalogue/category-create.ts'
import { categoryUpdate } from './catalogue/category-update.ts'
import { conflictResolveVerb } from './reviews/conflict-resolve.ts'
import { countApprove } from './counts/count-approve.ts'
import { countCancel, countRecount } from './counts/count-close.ts'
import { countOpen } from './counts/count-open.ts'
import { countJoin, countSubmit } from './counts/count-work.ts'
import { itemCreate } from './catalogue/item-create.ts'
import { itemUpdate } from './catalogue/item-update.ts'
import { levelSet } from './catalogue/level-set.ts'
import { locationCreate } from './catalogue/location-create.ts'
import { locationUpdate } from './catalogue/location-update.ts'
import { lotCorrect } from './catalogue/lot-correct.ts'
import { stockCount } from './stock/stock-count.ts'
import { stockReceive } from './stock/stock-receive.ts'
import { stockTransfer } from './stock/stock-transfer.ts'
import { stockUndo } from './stock/stock-undo.ts'
import { stockWithdraw } from './stock/stock-withdraw.ts'
import type { Verb } from './verb.ts'

const list = [
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
  conflictResolveVerb((name) => findVerb(name)),
]

type ListedVerb = (typeof list)[number]

/** The name of every verb. */
export type MutationName = ListedVerb['name']

/** The arguments of every verb, as parsed: `Mutations['stock.receive']`. */
export type Mutations = { [V in ListedVerb as V['name']]: V extends Verb<string, infer Args> ? Args : never }

/** The codes that can refuse a mutation of this verb: its own, and those of every verb. */
export type RefusalOf<N extends MutationName> =
  | (Extract<ListedVerb, { name: N }> extends Verb<string, infer _Args, infer Code> ? Code : never)
  | 'unknown_verb'
  | 'bad_args'
  | 'role_too_low'
  | 'mutation_too_large'

/** A verb's name with its arguments. */
export type Mutation = { [N in MutationName]: { name: N; args: Mutations[N] } }[MutationName]

const byName = new Map<string, Verb>(list.map((verb) => [verb.name, verb]))

export function findVerb(name: string): Verb | undefined {
  return byName.get(name)
}
