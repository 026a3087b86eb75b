import { z } from 'zod'
import type { Location } from '../../rows/rows.ts'
import { canonicalCode } from '../../values/gtin.ts'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refusals.ts'
import { nameSchema } from '../../values/text.ts'
import { stampAll } from './fields.ts'
import { locationFields } from './location-fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ ...locationFields, id: idSchema, name: nameSchema(120) })

export const locationCreate = defineVerb<z.infer<typeof args>>({
  name: 'location.create',
  args,
  role: 'manager',
  reads({ id, parentId, barcode }, wants) {
    wants.row('locations', id)
    if (parentId) wants.tree('locations')
    if (barcode) wants.owner('locationBarcode', canonicalCode(barcode))
  },
  decide(book, { id, name, parentId = null, kind = null, barcode = null }, { at }) {
    if (book.row('locations', id)) return refuse('already_exists', { id })
    const refusal = refuseParent(book, 'locations', { id, parentId })
    if (refusal) return refusal
    const location: Location = { id, name, parentId, kind, barcode: null, archived: false, version: 0 }
    if (barcode !== null) {
      const code = canonicalCode(barcode)
      const owner = book.owner('locationBarcode', code)
      if (owner === undefined) {
        location.barcode = code
        book.own('locationBarcode', code, id)
      } else book.review('location_barcode_taken', { id, barcode: code, ownerId: owner })
    }
    book.put('locations', stampAll(location, at))
    return undefined
  },
})
