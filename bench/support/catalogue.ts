// A large shop: real products if their list is next to the repository, otherwise generated ones of the same size.
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import papaparse from 'papaparse'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { uuidv7 } from '#shared/values/id.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import type { BenchStage } from './stage.ts'

/** As in a file import: small enough that many batches are decided together. */
const BATCH = 500
const BATCHES_AT_ONCE = 8
const CATEGORIES = 40
const AISLES_AND_BINS = [10, 20] as const
const PRODUCTS = resolve(import.meta.dirname, '../../../shared/data/products-100k.csv')

export interface Product {
  id: string
  name: string
  code: string
}

export interface Bin {
  id: string
  name: string
  code: string
}

type Mutation = [name: string, args: Record<string, unknown>]

export class BenchCatalogue {
  readonly items: Product[] = []
  readonly bins: Bin[] = []
  readonly #stage: BenchStage
  readonly #clientId = randomUUID()
  readonly #products = readProducts()
  readonly #categories = Array.from({ length: CATEGORIES }, () => randomUUID())
  #stamps = 0
  #placed = 0

  constructor(stage: BenchStage) {
    this.#stage = stage
  }

  /** Creates items up to this number. */
  async growTo(count: number): Promise<void> {
    if (this.items.length === 0) await this.#createLocations()
    const made: Mutation[] = []
    for (let i = this.items.length; i < count; i++) {
      const { name, code } = this.#products[i] ?? generated(i)
      const item = { id: randomUUID(), name, code }
      this.items.push(item)
      const categoryId = this.#categories[i % CATEGORIES]
      const sku = `SKU-${String(i).padStart(6, '0')}`
      const fields = { id: item.id, name, sku, categoryId, unit: 'pcs', cost: 1.25, low: 5, target: 20 }
      made.push(['item.create', { ...fields, barcodes: [{ code }] }])
    }
    await this.#write(made)
  }

  /** Receives stock up to this number of positions, two bins per item. */
  async stockTo(count: number): Promise<void> {
    const made: Mutation[] = []
    for (; this.#placed < count; this.#placed++) {
      const item = this.items[this.#placed % this.items.length]!
      const round = Math.floor(this.#placed / this.items.length)
      const bin = this.bins[(this.#placed + round * 7) % this.bins.length]!
      made.push(['stock.receive', { itemId: item.id, locationId: bin.id, quantity: 3 + (this.#placed % 9) }])
    }
    await this.#write(made)
  }

  async #createLocations(): Promise<void> {
    const [aisles, shelves] = AISLES_AND_BINS
    const made: Mutation[] = this.#categories.map((id, i) => ['category.create', { id, name: `Category ${i + 1}` }])
    for (let a = 0; a < aisles; a++) {
      const parentId = randomUUID()
      made.push(['location.create', { id: parentId, name: `Aisle ${a + 1}` }])
      for (let s = 0; s < shelves; s++) {
        const code = `LOC-${a + 1}-${s + 1}`
        const bin = { id: randomUUID(), name: `Bin ${a + 1}-${s + 1}`, code }
        this.bins.push(bin)
        made.push(['location.create', { id: bin.id, name: bin.name, parentId, barcode: code }])
      }
    }
    await this.#write(made)
  }

  /** Pushes as the server itself, without the numbering or clock of a device. */
  async #write(mutations: Mutation[]): Promise<void> {
    const batches: Mutation[][] = []
    for (let i = 0; i < mutations.length; i += BATCH) batches.push(mutations.slice(i, i + BATCH))
    const work = batches.values()
    const writers = Array.from({ length: BATCHES_AT_ONCE }, async () => {
      for (const batch of work) await this.#push(batch)
    })
    await Promise.all(writers)
  }

  async #push(batch: Mutation[]): Promise<void> {
    const { ledger, orgId, managerId } = this.#stage
    const envelopes = batch.map(([name, args], index): Envelope => {
      this.#stamps += 1
      const ms = Date.now() - 60_000
      const at = formatStamp({ ms, counter: this.#stamps % 0xffff, device: '00000000' })
      return { seq: index + 1, id: uuidv7(ms, randomBytes(10)), name, args, at }
    })
    const { results } = await ledger.push(orgId, { userId: managerId, clientId: this.#clientId, envelopes })
    const refused = results.find(({ status }) => status === 'refused')
    if (refused) throw new Error(`the catalogue cannot be made: ${JSON.stringify(refused)}`)
  }
}

function readProducts(): { name: string; code: string }[] {
  if (!existsSync(PRODUCTS)) return []
  const { data } = papaparse.parse<{ barcode: string; name: string }>(readFileSync(PRODUCTS, 'utf8'), {
    header: true,
    skipEmptyLines: true,
  })
  const named = data.filter(({ barcode, name }) => barcode && name?.trim())
  return named.map(({ barcode, name }) => ({ code: barcode, name: name.trim().slice(0, 300) }))
}

function generated(index: number): { name: string; code: string } {
  // The searches of the benchmark find these words, as they find real products.
  const words = ['Chocolat noir', 'Café', 'Tomates', 'Lait bio', 'Riz', 'Poivre', 'Biscuits', 'Savon', 'Thé', 'Pâtes']
  const word = (step: number) => words[Math.floor(index / step) % words.length]
  return { name: `${word(1)} ${word(10)} ${word(100)} No. ${index}`, code: gtin13(index) }
}

/** A GTIN-13 from the range for use inside a company, with its check digit. */
function gtin13(index: number): string {
  const body = `20${String(index).padStart(10, '0')}`
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}
