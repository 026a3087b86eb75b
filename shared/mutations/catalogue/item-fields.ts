// The fields of an item, as the verbs name them.
import * as z from 'zod/mini'
import { type CategoryId, idOf } from '../../values/id.ts'
import {
  costSchema,
  countedSchema,
  quantitySchema,
  type Thousandths,
  toThousandths,
  type Units,
} from '../../values/quantity.ts'
import { nameSchema, textSchema } from '../../values/text.ts'

/** Fits on a label and into one barcode symbol, with room to spare. */
const CODE_MAX = 128
/** An item with more custom fields does not fit into a mutation of 16 KB. */
const CUSTOM_FIELDS_MAX = 50

export const codeSchema = nameSchema(CODE_MAX)

const customSchema = z
  .record(nameSchema(60), z.union([textSchema(500), z.number(), z.boolean()]))
  .check(z.refine((custom) => Object.keys(custom).length <= CUSTOM_FIELDS_MAX, 'too many custom fields'))

/** Every field that a person can set, none required. `null` clears. */
export const itemFields = {
  sku: z.optional(z.nullable(nameSchema(64))),
  categoryId: z.optional(z.nullable(idOf<CategoryId>())),
  unit: z.optional(nameSchema(20)),
  decimals: z.optional(z.int().check(z.minimum(0), z.maximum(3))),
  cost: z.optional(z.nullable(costSchema)),
  low: z.optional(z.nullable(countedSchema)),
  high: z.optional(z.nullable(countedSchema)),
  target: z.optional(z.nullable(countedSchema)),
  tracksLots: z.optional(z.boolean()),
  notes: z.optional(z.nullable(textSchema(4000))),
  custom: z.optional(customSchema),
}

export const itemNameSchema = nameSchema(300)

export const barcodeArgs = { code: codeSchema, packQuantity: z.optional(quantitySchema) }

/** Converts fields to those of an item row: levels become thousandths. */
export function toItemRow<F extends Levels<Units>>(fields: F): Omit<F, keyof Levels<Units>> & Levels<Thousandths> {
  const { low, high, target, ...others } = fields
  return {
    ...others,
    ...(low !== undefined && { low: inThousandths(low) }),
    ...(high !== undefined && { high: inThousandths(high) }),
    ...(target !== undefined && { target: inThousandths(target) }),
  }
}

interface Levels<Q> {
  low?: Q | null | undefined
  high?: Q | null | undefined
  target?: Q | null | undefined
}

function inThousandths(level: Units | null): Thousandths | null {
  return level === null ? null : toThousandths(level)
}
