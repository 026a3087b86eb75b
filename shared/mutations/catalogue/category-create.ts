import * as z from 'zod/mini'
import { type CategoryId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { nameSchema } from '../../values/text.ts'
import { stampAll } from './fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({
  id: idOf<CategoryId>(),
  name: nameSchema(120),
  parentId: z.optional(z.nullable(idOf<CategoryId>())),
})

export const categoryCreate = defineVerb({
  name: 'category.create',
  args,
  role: 'manager',
  refusals: ['already_exists', 'cycle', 'depends_on_missing', 'too_deep'],
  reads({ id, parentId }, plan) {
    plan.row('categories', id)
    if (parentId) plan.tree('categories')
  },
  decide(rows, { id, name, parentId = null }, { at }) {
    if (rows.row('categories', id)) return refuse('already_exists', { id })
    const refusal = refuseParent(rows, 'categories', { id, parentId })
    if (refusal) return refusal
    rows.put('categories', stampAll({ id, name, parentId, archived: false, version: 0 }, at))
    return undefined
  },
})
