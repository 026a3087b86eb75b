import { z } from 'zod'
import { idSchema } from '../values/id.ts'
import { refuse } from '../values/refusals.ts'
import { defineVerb, mayAct } from './verb.ts'

const NAME = 'stock.undo'
const args = z.strictObject({ mutationId: idSchema })

export const stockUndo = defineVerb<z.infer<typeof args>>({
  name: NAME,
  args,
  role: 'staff',
  reads({ mutationId }, wants) {
    wants.posted(mutationId)
  },
  decide(book, { mutationId }, { id, userId, role }) {
    const posted = book.posted(mutationId)
    if (!posted) return refuse('depends_on_missing', { kind: 'mutations', id: mutationId })
    if (posted.userId !== userId && !mayAct(role, 'manager')) return refuse('not_yours', { id: mutationId })
    if (posted.entries.length === 0) return refuse('nothing_to_undo', { id: mutationId })
    const standing = posted.entries.filter(({ entry }) => !entry.void)
    if (standing.length === 0) book.note('already_undone', { id: mutationId })
    for (const line of standing) book.void(line, id, { name: NAME, userId })
    return undefined
  },
})
