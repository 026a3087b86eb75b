// Refusing a mutation: a value with a code, not an error. What the codes mean is in refusals.ts, which a device loads later.
import type { MutationRefusal } from './refusals.ts'

/** Why a mutation is refused. */
export interface Refusal<C extends MutationRefusal = MutationRefusal> {
  code: C
  detail?: Detail
}

/** What a code is about, by name: ids, fields, quantities in units. It travels and is stored as JSON. */
export interface Detail {
  readonly [name: string]: unknown
}

export function refuse<const C extends MutationRefusal>(code: C, detail?: Detail): Refusal<C> {
  return detail ? { code, detail } : { code }
}
