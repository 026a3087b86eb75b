// The fields of an item, as its verbs name them.
import * as z from 'zod/mini'
import { idSchema } from '../../values/id.ts'
import { costSchema, countedSchema, quantitySchema, toThousandths } from '../../values/quantity.ts'
import { nameSchema, textSchema } from '../../values/text.ts'

/** What fits on a label and into one barcode symbol with room to spare. */
const CODE_MAX = 128
/** More custom fields than this and an item no longer fits into a mutation of 16 KB. */
const CUSTOM_FIELDS_MAX = 50

export const codeSchema = nameSchema(CODE_MAX)

const customSchema = z
  .record(nameSchema(60), z.union([textSchema(500), z.number(), z.boolean()]))
  .check(z.refine((custom) => Object.keys(custom).length <= CUSTOM_FIELDS_MAX, 'too many custom fields'))

/** Every field that a person can set, none required. `null` clears. */
export const itemFields = {
  sku: z.optional(z.nullable(nameSchema(64))),
  categoryId: z.optional(z.nullable(idSchema)),
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

const QUANTITIES = new Set(['low', 'high', 'target'])

/** Fields as an item's row keeps them: levels in thousandths. */
export function toItemRow(fields: Record<string, unknown>): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(fields)) {
    row[field] = QUANTITIES.has(field) && typeof value === 'number' ? toThousandths(value) : value
  }
  return row
}
