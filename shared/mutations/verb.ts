// A verb: one named change of synced data, decided by one pure function on the device and again on the server. Keeps M1–M4.
import type * as z from 'zod/mini'
import type { WorkingSet, MovedKind, TreeKind, UniqueKey } from '../working-set/working-set.ts'
import type { Kind, Role } from '../rows/rows.ts'
import type { MutationRefusal } from '../values/refusals.ts'
import type { Refusal } from '../values/refuse.ts'

/** What `decide` knows besides the rows and the arguments. */
export interface DecideContext {
  /** The mutation's id. */
  id: string
  /** Its effective stamp. */
  at: string
  /** The stamp that the device gave it. */
  madeAt: string
  userId: string
  role: Role
  /** The version that the device had when it made the mutation. */
  seen?: number | undefined
  /** The sender waits for the answer and has not told anyone that the mutation is saved. */
  strict: boolean
}

/** Collects the rows that `decide` may look at. */
export interface ReadPlan {
  row(kind: Kind, key: string): void
  /** The row with the mutation's own id. */
  own(kind: Kind): void
  owner(unique: UniqueKey, value: string): void
  /** All rows of a tree, because changing a parent needs the whole tree. */
  tree(kind: TreeKind): void
  /** A position that is counted, with its row and its entries since then. */
  counted(position: string, since?: string): void
  /** The lines of a planned count, with their positions and the entries of those. */
  lines(countId: string): void
  /** An earlier mutation, with its entries and their positions. */
  posted(mutationId: string): void
  /** The total stock of an item, because its levels change. */
  total(itemId: string): void
  /** The last movement or count of an item, or at a location. */
  lastMoved(kind: MovedKind, id: string): void
  /** A conflict and the reads of its mutation, with the corrected arguments if there are any. */
  conflict(id: string, args: unknown): void
}

export interface Verb<Name extends string = string, Args = unknown, Code extends MutationRefusal = MutationRefusal> {
  name: Name
  args: z.ZodMiniType<Args>
  /** The lowest role that may use the verb. */
  role: Role
  /** Every code that `decide` can return. `any` is for a verb that runs other verbs. */
  refusals: readonly Code[] | 'any'
  /** Names every row that `decide` may look at. */
  reads(args: Args, plan: ReadPlan): void
  /** Changes the rows, or returns a refusal and does not change any. */
  decide(rows: WorkingSet, args: Args, context: DecideContext): Refusal<NoInfer<Code>> | undefined
}

/** Infers the name, the arguments and the refusals of a verb, and checks `decide` against them. */
export function defineVerb<const Name extends string, Args, const Code extends MutationRefusal>(
  verb: Verb<Name, Args, Code>,
): Verb<Name, Args, Code> {
  return verb
}

const RANK: Record<Role, number> = { viewer: 0, staff: 1, manager: 2 }

export function hasRole(role: Role, least: Role): boolean {
  return RANK[role] >= RANK[least]
}
