// Quantities: JSON numbers with at most three decimals outside, integers of thousandths inside, so that sums are exact.
// The two are distinct types: one is not accepted where the other is needed. A plain number is accepted as both, because
// arithmetic gives plain numbers (docs/decisions/0022-typed-units-and-ids.md).
import * as z from 'zod/mini'

declare const UNIT: unique symbol

/** A quantity as people and the wire write it: a multiple of 0.001. */
export type Units = number & { readonly [UNIT]?: 'units' }

/** A quantity as rows and the ledger store it: an integer. */
export type Thousandths = number & { readonly [UNIT]?: 'thousandths' }

/** The largest quantity of one mutation. Larger ones are typing errors, and sums must stay exact integers. */
const QUANTITY_MAX = 1_000_000_000

const decimalsAtMost = (factor: number) => (value: number) => Math.round(value * factor) / factor === value

/** A quantity that is received, withdrawn or moved: more than 0. */
export const quantitySchema: z.ZodMiniType<Units> = z
  .number()
  .check(z.positive(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(1000), 'more than three decimals'))

/** A counted quantity or a level: 0 or more. */
export const countedSchema: z.ZodMiniType<Units> = z
  .number()
  .check(z.nonnegative(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(1000), 'more than three decimals'))

/** Money per unit in the organisation's currency, up to four decimals. */
export const costSchema = z
  .number()
  .check(z.nonnegative(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(10_000), 'more than four decimals'))

/** Rounds to the nearest thousandth. */
export function toThousandths(units: Units): Thousandths {
  return Math.round(units * 1000)
}

export function toUnits(thousandths: Thousandths): Units {
  return thousandths / 1000
}
