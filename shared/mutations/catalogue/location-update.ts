import * as z from 'zod/mini'
import { canonicalCode } from '../../values/gtin.ts'
import { type LocationId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { nameSchema } from '../../values/text.ts'
import { mergeFields } from './fields.ts'
import { locationFields } from './location-fields.ts'
import { refuseParent } from './tree.ts'
import { defineVerb } from '../verb.ts'

const fields = z.strictObject({ ...locationFields, name: z.optional(nameSchema(120)) })
const args = z.strictObject({ id: idOf<LocationId>(), set: fields, base: fields })

export const locationUpdate = defineVerb({
  name: 'location.update',
  args,
  role: 'manager',
  refusals: ['cycle', 'depends_on_missing', 'too_deep'],
  reads({ id, set }, plan) {
    plan.row('locations', id)
    if (set.parentId) plan.tree('locations')
    if (set.barcode) plan.owner('locationBarcode', canonicalCode(set.barcode))
  },
  decide(rows, { id, set, base }, { at }) {
    const location = rows.row('locations', id)
    if (!location) return refuse('depends_on_missing', { kind: 'locations', id })
    const refusal = refuseParent(rows, 'locations', { id, parentId: set.parentId })
    if (refusal) return refusal
    const wanted = { ...set }
    if (set.barcode) {
      const code = canonicalCode(set.barcode)
      const owner = rows.owner('locationBarcode', code)
      if (owner === undefined || owner === id) wanted.barcode = code
      else {
        rows.review('location_barcode_taken', { id, barcode: code, ownerId: owner })
        delete wanted.barcode
      }
    }
    const change = { set: wanted, base: canonicalBase(base), at, verb: 'location.update' }
    const merged = mergeFields(rows, location, change)
    if (merged.barcode !== location.barcode) {
      if (location.barcode !== null) rows.setOwner('locationBarcode', location.barcode, undefined)
      if (merged.barcode !== null) rows.setOwner('locationBarcode', merged.barcode, id)
    }
    rows.put('locations', merged)
    return undefined
  },
})

/** The values that the person had seen, in their stored form. */
function canonicalBase(base: z.infer<typeof fields>): z.infer<typeof fields> {
  return base.barcode ? { ...base, barcode: canonicalCode(base.barcode) } : base
}
