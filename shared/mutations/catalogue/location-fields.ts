// The fields of a location, as its verbs name them.
import * as z from 'zod/mini'
import { idSchema } from '../../values/id.ts'
import { nameSchema } from '../../values/text.ts'
import { codeSchema } from './item-fields.ts'

export const locationFields = {
  parentId: z.optional(z.nullable(idSchema)),
  kind: z.optional(z.nullable(nameSchema(40))),
  barcode: z.optional(z.nullable(codeSchema)),
}
