// The fields of a location, as the verbs name them.
import * as z from 'zod/mini'
import { type LocationId, idOf } from '../../values/id.ts'
import { nameSchema } from '../../values/text.ts'
import { codeSchema } from './item-fields.ts'

export const locationFields = {
  parentId: z.optional(z.nullable(idOf<LocationId>())),
  kind: z.optional(z.nullable(nameSchema(40))),
  barcode: z.optional(z.nullable(codeSchema)),
}
