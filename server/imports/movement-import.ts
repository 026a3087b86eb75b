// Converts rows of sales to withdrawals and returns at their own times, and creates the items that they need. Guarantees: a
// row is the same movement in every import, because its id derives from its content and its number among equal rows; stock
// codes are used unchanged, so 85123A and 85123B are two items; nothing is refused for lack of stock, because these movements
// have already happened.
import type { MovementReason } from '#shared/values/reasons.ts'
import { formatStamp, stampDevice } from '#shared/values/stamp.ts'
import type { Database } from '../database/database.ts'
import { parseNumber, parseTime } from './cells.ts'
import type { Columns, movementColumns } from './columns.ts'
import { importId } from './import-ids.ts'
import type { DecidedRow, ImportRun, Mutation } from './import-run.ts'
import { findMovements } from './imports-store.ts'
import type { RawRow } from './csv-row-reader.ts'
import type { RowRefusal } from './report.ts'
import { refuseRow } from './report.ts'

type Field = keyof typeof movementColumns

interface Sale {
  line: number
  mutationId: string
  sku: string
  description: string
  /** Units, greater than zero. */
  quantity: number
  isReturn: boolean
  atMs: number
  reference: string
}

interface KnownItem {
  id: string
  name: string
  version: number
}

export class MovementImport {
  readonly #run: ImportRun
  readonly #database: Database
  readonly #columns: Columns<Field>
  readonly #nowMs: number
  /** The number of earlier rows with the same content. */
  readonly #occurrences = new Map<string, number>()
  /** Items by SKU, including those that this import creates. */
  readonly #items = new Map<string, KnownItem>()
  readonly locationId: string

  constructor(
    run: ImportRun,
    { database, columns, nowMs }: { database: Database; columns: Columns<Field>; nowMs: number },
  ) {
    this.#run = run
    this.#database = database
    this.#columns = columns
    this.#nowMs = nowMs
    this.locationId = run.defaultLocation()
  }

  async decide(rows: readonly RawRow[]): Promise<DecidedRow[]> {
    const sales: Sale[] = []
    for (const row of rows) {
      const sale = this.#parse(row)
      if ('cause' in sale) refuseRow(this.#run.report, row.line, sale)
      else sales.push(sale)
    }
    const known = await this.#load(sales)
    return sales.flatMap((sale) => {
      const mutations = known.has(sale.mutationId) ? [] : this.#record(sale)
      const refusal = mutations.find((mutation) => 'cause' in mutation)
      if (!refusal)
        return [
          {
            line: sale.line,
            outcome: mutations.length > 0 ? 'created' : 'unchanged',
            mutations: mutations as Mutation[],
          },
        ]
      refuseRow(this.#run.report, sale.line, refusal)
      return []
    })
  }

  /** Loads the items of a batch. @returns the ids of the movements that are already recorded */
  async #load(sales: Sale[]): Promise<Set<string>> {
    const skus = [...new Set(sales.map(({ sku }) => sku))].filter((sku) => !this.#items.has(sku))
    const skuOfId = new Map(skus.map((sku) => [itemIdOf(this.#run.orgId, sku), sku]))
    const mutationIds = sales.map(({ mutationId }) => mutationId)
    const found = await findMovements(this.#database, this.#run.orgId, {
      mutationIds,
      skus,
      itemIds: [...skuOfId.keys()],
    })
    // An item that an import created keeps its id if its SKU changes. The current owner of a SKU takes precedence.
    for (const item of found.items) {
      const sku = skuOfId.get(item.id)
      if (sku !== undefined) this.#items.set(sku, item)
    }
    for (const item of found.items) if (item.sku !== null) this.#items.set(item.sku, item)
    return new Set(found.mutationIds)
  }

  #record(sale: Sale): (Mutation | RowRefusal)[] {
    const { mutationId, sku, quantity, isReturn, atMs, reference } = sale
    const verb = isReturn ? 'stock.receive' : 'stock.withdraw'
    const args = {
      itemId: this.#items.get(sku)?.id ?? itemIdOf(this.#run.orgId, sku),
      locationId: this.locationId,
      quantity,
      reason: (isReturn ? 'returned' : 'sale') satisfies MovementReason,
      ...(reference !== '' && { reference }),
    }
    const at = formatStamp({ ms: atMs, counter: 0, device: stampDevice(this.#run.clientId) })
    const movement = this.#run.mutation(mutationId, verb, { args, at })
    // A refused row must not create its item, because later rows would rely on it.
    if ('cause' in movement) return [movement]
    const itemMutation = this.#itemFor(sale)
    return itemMutation ? [itemMutation, movement] : [movement]
  }

  /** Creates the item of a sale, or adds the name that earlier rows did not have. Returns undefined if neither is needed. */
  #itemFor({ sku, description }: Sale): Mutation | RowRefusal | undefined {
    const { orgId, report } = this.#run
    const known = this.#items.get(sku)
    if (!known) {
      const id = itemIdOf(orgId, sku)
      const name = description || sku
      const created = this.#run.mutation(importId(orgId, 'item.create', id), 'item.create', { args: { id, sku, name } })
      if ('cause' in created) return created
      this.#items.set(sku, { id, name, version: 0 })
      report.made.items += 1
      return created
    }
    if (known.name !== sku || description === '' || description === sku) return undefined
    const id = importId(orgId, 'item.update', known.id, known.version, description)
    const args = { id: known.id, set: { name: description }, base: { name: known.name } }
    const renamed = this.#run.mutation(id, 'item.update', { args })
    if (!('cause' in renamed)) known.name = description
    return renamed
  }

  #parse({ line, cells }: RawRow): Sale | RowRefusal {
    const read = (field: Field) => this.#columns.read(cells, field)
    const [sku, reference, quantityText, timeText] = [read('sku'), read('reference'), read('quantity'), read('time')]
    if (sku === '') return { cause: 'no_key' }
    const quantity = parseNumber(quantityText, this.#columns.delimiter)
    if (quantity === undefined) return { cause: 'bad_number', detail: `quantity: ${quantityText}` }
    if (quantity === 0) return { cause: 'zero_quantity' }
    const atMs = parseTime(timeText)
    if (atMs === undefined) return { cause: 'bad_date', detail: timeText }
    if (atMs > this.#nowMs) return { cause: 'future', detail: timeText }
    const content = JSON.stringify(cells.map((cell) => cell.trim()))
    const key = importId(this.#run.orgId, 'movement', content)
    const occurrence = (this.#occurrences.get(key) ?? 0) + 1
    this.#occurrences.set(key, occurrence)
    return {
      line,
      mutationId: importId(key, occurrence),
      sku,
      description: read('name'),
      quantity: Math.abs(quantity),
      isReturn: quantity < 0 || /^c/i.test(reference),
      atMs,
      reference,
    }
  }
}

/** The same id as the product import gives to a row without a barcode. */
function itemIdOf(orgId: string, sku: string): string {
  return importId(orgId, 'item', 'sku', sku)
}
