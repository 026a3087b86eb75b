// Quantities: JSON numbers with at most three decimals outside, integers of thousandths inside, so that sums are exact.
import * as z from 'zod/mini'

/** The largest quantity that one mutation may name. Larger ones are typing errors, and sums must stay exact integers. */
const QUANTITY_MAX = 1_000_000_000

const decimalsAtMost = (factor: number) => (value: number) => Math.round(value * factor) / factor === value

/** More than nothing: what is received, withdrawn or moved. In units. */
export const quantitySchema = z
  .number()
  .check(z.positive(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(1000), 'more than three decimals'))

/** Nothing or more: what was counted, or a level. In units. */
export const countedSchema = z
  .number()
  .check(z.nonnegative(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(1000), 'more than three decimals'))

/** Money per unit in the organisation's currency, up to four decimals. */
export const costSchema = z
  .number()
  .check(z.nonnegative(), z.maximum(QUANTITY_MAX), z.refine(decimalsAtMost(10_000), 'more than four decimals'))

export function toThousandths(quantity: number): number {
  return Math.round(quantity * 1000)
}
