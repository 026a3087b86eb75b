// Finds one item by its barcode or SKU, with its positions, for scans on a device that is still loading.
import type { Sql } from '../database/database.ts'
import { selectList } from '../database/schema/tables.ts'
import type { Item } from '#shared/rows/rows.ts'

export interface LookedUp {
  item: Pick<Item, 'id' | 'sku' | 'name' | 'unit' | 'decimals' | 'archived'>
  /** How many units one scan of this code means. */
  packQuantity: number
  positions: { locationId: string; lot: string; quantity: number }[]
}

/** `code` in canonical form. */
export async function lookUp(
  sql: Sql,
  orgId: string,
  { code, sku }: { code: string; sku: string },
): Promise<LookedUp | undefined> {
  const [found] = await sql.unsafe<(LookedUp['item'] & { packQuantity: number })[]>(
    `select ${selectList('items')}, coalesce(b.pack, 1000) / 1000.0 as "packQuantity" from items
     left join (select item_id as owner, pack_quantity as pack from barcodes where org_id = $1 and code = $2 and not deleted) b on b.owner = items.id
     where org_id = $1 and (b.owner is not null or sku = $3) order by b.owner is null limit 1`,
    [orgId, code, sku],
    { prepare: true },
  )
  if (!found) return undefined
  const positions = await sql<LookedUp['positions']>`
    select location_id as "locationId", lot, quantity / 1000.0 as quantity from positions
    where org_id = ${orgId} and item_id = ${found.id} and quantity <> 0`
  const { id, sku: foundSku, name, unit, decimals, archived, packQuantity } = found
  return { item: { id, sku: foundSku, name, unit, decimals, archived }, packQuantity, positions: [...positions] }
}
