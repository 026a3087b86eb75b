import * as z from 'zod/mini'
import type { Location } from '../../rows/rows.ts'
import { canonicalCode } from '../../values/gtin.ts'
import { type LocationId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { nameSchema } from '../../values/text.ts'
import { stampAll } from './fields.ts'
import { locationFields } from './location-fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ ...locationFields, id: idOf<LocationId>(), name: nameSchema(120) })

export const locationCreate = defineVerb({
  name: 'location.create',
  args,
  role: 'manager',
  refusals: ['already_exists', 'cycle', 'depends_on_missing', 'too_deep'],
  reads({ id, parentId, barcode }, plan) {
    plan.row('locations', id)
    if (parentId) plan.tree('locations')
    if (barcode) plan.owner('locationBarcode', canonicalCode(barcode))
  },
  decide(rows, { id, name, parentId = null, kind = null, barcode = null }, { at }) {
    if (rows.row('locations', id)) return refuse('already_exists', { id })
    const refusal = refuseParent(rows, 'locations', { id, parentId })
    if (refusal) return refusal
    const location: Location = { id, name, parentId, kind, barcode: null, archived: false, version: 0 }
    if (barcode !== null) {
      const code = canonicalCode(barcode)
      const owner = rows.owner('locationBarcode', code)
      if (owner === undefined) {
        location.barcode = code
        rows.setOwner('locationBarcode', code, id)
      } else rows.review('location_barcode_taken', { id, barcode: code, ownerId: owner })
    }
    rows.put('locations', stampAll(location, at))
    return undefined
  },
})
