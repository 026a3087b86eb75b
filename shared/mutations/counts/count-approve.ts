// Approves a planned count: its lines take effect, each at the time when it was counted. Keeps N3–N6.
import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import { positionOf } from '../../working-set/working-set.ts'
import type { Count, CountLine } from '../../rows/rows.ts'
import { type CountId, type ItemId, type LocationId, type MutationId, idOf } from '../../values/id.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { textSchema } from '../../values/text.ts'
import { lotSchema, postMovement } from '../stock/movement-args.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'count.approve'
/** More would not fit into a mutation. A count with more rival lines is approved in several steps, or counted again. */
const SETTLE_MAX = 80

/** Bounds the transaction of one approval. The other positions stay for the next approval. */
const POSITIONS_MAX = 10_000

/** The decision between rival lines on a position: their sum, or one of them. */
const settlement = z.strictObject({
  itemId: idOf<ItemId>(),
  locationId: idOf<LocationId>(),
  lot: z.optional(lotSchema),
  take: z.union([z.literal('sum'), idOf<MutationId>()]),
})
const args = z.strictObject({
  countId: idOf<CountId>(),
  seen: z.int().check(z.minimum(0)),
  settle: z.optional(z.array(settlement).check(z.maxLength(SETTLE_MAX))),
  reason: z.optional(textSchema(500)),
})
type Args = z.infer<typeof args>

export const countApprove = defineVerb({
  name: NAME,
  args,
  role: 'manager',
  refusals: ['count_rivals', 'count_unsynced', 'depends_on_missing', 'not_open'],
  reads({ countId }, plan) {
    plan.row('counts', countId)
    plan.lines(countId)
  },
  decide(rows, { countId, seen, settle = [], reason }, context) {
    const count = rows.row('counts', countId)
    if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
    if (count.state === 'cancelled' || count.state === 'approved') return refuse('not_open', { id: countId })
    const waiting = rows.linesOf(countId).filter(({ state }) => state === 'waiting')
    const lines = waiting.filter((line) => isSeen(line, seen))
    const refusal = refuseUnsynced(count, reason) ?? refuseRivals(lines, settle)
    if (refusal) return refusal
    const positions = [...byPosition(lines).values()].slice(0, POSITIONS_MAX)
    for (const rivals of positions) approve(rows, rivals, { settle, stamp: context })
    rows.put('counts', {
      ...count,
      state: waiting.length > positions.flat().length ? 'amended' : 'approved',
      approvedBy: context.userId,
      approvedAt: context.at,
      reason: reason ?? null,
    })
    return undefined
  },
})

/** A line without a version arrived in this batch, so nobody has seen it. */
function isSeen({ version }: CountLine, seen: number): boolean {
  return version > 0 && version <= seen
}

/** A counter who has not submitted may have lines that have not arrived. A manager may close with a reason anyway. */
function refuseUnsynced({ counters }: Count, reason: string | undefined): Refusal<'count_unsynced'> | undefined {
  const unsynced = counters.filter(({ submittedAt }) => submittedAt === null)
  if (unsynced.length === 0 || reason) return undefined
  return refuse('count_unsynced', { userIds: unsynced.map(({ userId }) => userId) })
}

function refuseRivals(lines: CountLine[], settle: NonNullable<Args['settle']>): Refusal<'count_rivals'> | undefined {
  const open = [...byPosition(lines)].filter(([position, rivals]) => {
    const choice = settle.find((one) => positionOf(one) === position)?.take
    return rivals.length > 1 && choice !== 'sum' && !rivals.some(({ id }) => id === choice)
  })
  if (open.length === 0) return undefined
  return refuse('count_rivals', { positions: open.slice(0, 20).map(([position]) => position), count: open.length })
}

function byPosition(lines: CountLine[]): Map<string, CountLine[]> {
  return Map.groupBy(lines, positionOf)
}

function approve(
  rows: WorkingSet,
  rivals: CountLine[],
  { settle, stamp }: { settle: NonNullable<Args['settle']>; stamp: { id: string; userId: string } },
): void {
  const position = positionOf(rivals[0]!)
  const choice = rivals.length === 1 ? rivals[0]!.id : settle.find((one) => positionOf(one) === position)?.take
  const chosen = choice === 'sum' ? rivals : rivals.filter(({ id }) => id === choice)
  const last = chosen.reduce((latest, line) => (line.at > latest.at ? line : latest))
  const amount = chosen.reduce((sum, { counted }) => sum + counted, 0)
  const since = chosen.map((line) => line.since ?? line.at).reduce((least, one) => (one < least ? one : least))
  postMovement(
    rows,
    { name: NAME, userId: stamp.userId },
    {
      kind: 'count',
      position,
      entry: { id: stamp.id, at: last.at, amount },
      ...(since < last.at && { since }),
      reference: rivals[0]!.countId,
    },
  )
  for (const line of rivals) rows.put('countLines', { ...line, state: chosen.includes(line) ? 'approved' : 'dropped' })
}
