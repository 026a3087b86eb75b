import { z } from 'zod'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refusals.ts'
import { nameSchema } from '../../values/text.ts'
import { mergeFields } from './fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const fields = z.strictObject({ name: nameSchema(120).optional(), parentId: idSchema.nullable().optional() })
const args = z.strictObject({ id: idSchema, set: fields, base: fields })

export const categoryUpdate = defineVerb<z.infer<typeof args>>({
  name: 'category.update',
  args,
  role: 'manager',
  reads({ id, set }, wants) {
    wants.row('categories', id)
    if (set.parentId) wants.tree('categories')
  },
  decide(book, { id, set, base }, { at }) {
    const category = book.row('categories', id)
    if (!category) return refuse('depends_on_missing', { kind: 'categories', id })
    const refusal = refuseParent(book, 'categories', { id, parentId: set.parentId })
    if (refusal) return refusal
    book.put('categories', mergeFields(book, category, { set, base, at, verb: 'category.update' }))
    return undefined
  },
})
