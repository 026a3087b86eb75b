import * as z from 'zod/mini'
import { type CategoryId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { nameSchema } from '../../values/text.ts'
import { mergeFields } from './fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const fields = z.strictObject({
  name: z.optional(nameSchema(120)),
  parentId: z.optional(z.nullable(idOf<CategoryId>())),
})
const args = z.strictObject({ id: idOf<CategoryId>(), set: fields, base: fields })

export const categoryUpdate = defineVerb({
  name: 'category.update',
  args,
  role: 'manager',
  refusals: ['cycle', 'depends_on_missing', 'too_deep'],
  reads({ id, set }, plan) {
    plan.row('categories', id)
    if (set.parentId) plan.tree('categories')
  },
  decide(rows, { id, set, base }, { at }) {
    const category = rows.row('categories', id)
    if (!category) return refuse('depends_on_missing', { kind: 'categories', id })
    const refusal = refuseParent(rows, 'categories', { id, parentId: set.parentId })
    if (refusal) return refusal
    rows.put('categories', mergeFields(rows, category, { set, base, at, verb: 'category.update' }))
    return undefined
  },
})
