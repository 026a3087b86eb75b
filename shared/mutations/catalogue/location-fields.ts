// The fields of a location, as its verbs name them.
import { idSchema } from '../../values/id.ts'
import { nameSchema } from '../../values/text.ts'
import { codeSchema } from './item-fields.ts'

export const locationFields = {
  parentId: idSchema.nullable().optional(),
  kind: nameSchema(40).nullable().optional(),
  barcode: codeSchema.nullable().optional(),
}
