// Joins and submits a planned count. After joining, lines may still be on the device; after submitting, all have arrived,
// because a device sends in order. Nothing is locked. Keeps N2.
import * as z from 'zod/mini'
import type { Count, Counter } from '../../rows/rows.ts'
import { type CountId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { parseStamp } from '../../values/stamp.ts'
import type { DecideContext } from '../verb.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ countId: idOf<CountId>() })

export const countJoin = countWork('count.join', (known, { at, userId }) => ({
  userId,
  device: parseStamp(at).device,
  joinedAt: known?.joinedAt ?? at,
  submittedAt: null,
}))

export const countSubmit = countWork('count.submit', (known, { at, userId }) => ({
  userId,
  device: parseStamp(at).device,
  joinedAt: known?.joinedAt ?? at,
  submittedAt: at,
}))

function countWork<const N extends string>(
  name: N,
  counterAfter: (known: Counter | undefined, context: DecideContext) => Counter,
) {
  return defineVerb({
    name,
    args,
    role: 'staff',
    refusals: ['depends_on_missing'],
    reads: ({ countId }, plan) => plan.row('counts', countId),
    decide(rows, { countId }, context) {
      const count = rows.row('counts', countId)
      if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
      if (count.state === 'cancelled') rows.note('count_closed', { id: countId })
      rows.put('counts', withCounter(count, context, counterAfter))
      return undefined
    },
  })
}

/** Returns the count with one counter changed. A person with two devices is two counters, because each has its own queue. */
function withCounter(
  count: Count,
  context: DecideContext,
  after: (known: Counter | undefined, context: DecideContext) => Counter,
): Count {
  const { device } = parseStamp(context.at)
  const isOwn = (counter: Counter) => counter.userId === context.userId && counter.device === device
  const others = count.counters.filter((counter) => !isOwn(counter))
  return { ...count, counters: [...others, after(count.counters.find(isOwn), context)] }
}
