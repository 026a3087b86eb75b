// Archives and restores. The later of the two wins, as for any field. Archived rows keep their stock and history.
import * as z from 'zod/mini'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { mergeFields } from './fields.ts'
import { askToRestore } from '../stock/movement-args.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ id: idSchema })

function archivingVerb<const N extends string>(name: N, kind: 'items' | 'categories' | 'locations', archived: boolean) {
  return defineVerb({
    name,
    args,
    role: 'manager',
    refusals: ['depends_on_missing'],
    reads({ id }, plan) {
      plan.row(kind, id)
      if (archived && kind !== 'categories') plan.lastMoved(kind, id)
    },
    decide(rows, { id }, { at }) {
      const row = rows.row(kind, id)
      if (!row) return refuse('depends_on_missing', { kind, id })
      const merged = mergeFields(rows, row, { set: { archived }, base: {}, at })
      rows.put(kind, merged)
      const isNewlyArchived = archived && !row.archived && merged !== row
      // A later movement that arrived first could not ask whether to restore, because nothing was archived yet.
      if (isNewlyArchived && kind !== 'categories' && (rows.lastMoved(kind, id) ?? '') > at)
        askToRestore(rows, kind, id)
      return undefined
    },
  })
}

export const itemArchive = archivingVerb('item.archive', 'items', true)
export const itemRestore = archivingVerb('item.restore', 'items', false)
export const categoryArchive = archivingVerb('category.archive', 'categories', true)
export const categoryRestore = archivingVerb('category.restore', 'categories', false)
export const locationArchive = archivingVerb('location.archive', 'locations', true)
export const locationRestore = archivingVerb('location.restore', 'locations', false)
