// Acknowledges and snoozes alerts. Only a change of stock resolves them. Keeps A3.
import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { Alert } from '../../rows/rows.ts'
import { type AlertId, idOf } from '../../values/id.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { defineVerb } from '../verb.ts'

const acknowledgeArgs = z.strictObject({ id: idOf<AlertId>() })
const snoozeArgs = z.strictObject({
  id: idOf<AlertId>(),
  until: z.int().check(z.minimum(0), z.maximum(2 ** 47)),
})

export const alertAcknowledge = defineVerb({
  name: 'alert.acknowledge',
  args: acknowledgeArgs,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads: ({ id }, plan) => plan.row('alerts', id),
  decide: (rows, { id }, { userId }) => change(rows, id, { state: 'acknowledged', acknowledgedBy: userId }),
})

export const alertSnooze = defineVerb({
  name: 'alert.snooze',
  args: snoozeArgs,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads: ({ id }, plan) => plan.row('alerts', id),
  decide: (rows, { id, until }) => change(rows, id, { snoozedUntil: until }),
})

function change(rows: WorkingSet, id: string, fields: Partial<Alert>): Refusal<'depends_on_missing'> | undefined {
  const alert = rows.row('alerts', id)
  if (!alert) return refuse('depends_on_missing', { kind: 'alerts', id })
  if (alert.state === 'resolved') rows.note('already_resolved', { id })
  else rows.put('alerts', { ...alert, ...fields })
  return undefined
}
