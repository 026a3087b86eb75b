// Imports on a real ledger: the real files if they are present, and small files with every problem.
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatStamp, stampMs } from '#shared/values/stamp.ts'
import { useLedger } from '../../tests/support/ledger-under-test.ts'
import { Importer } from './importer.ts'
import type { ImportJob } from './import-run.ts'
import type { ImportReport } from './report.ts'

const parts = useLedger()
const DATA = join(import.meta.dirname, '../../../shared/data')
const SAMPLE = join(import.meta.dirname, '../demo/products.csv')
const real = (name: string) => (existsSync(join(DATA, name)) ? join(DATA, name) : undefined)
/** For 100,000 rows on a busy machine. */
const LONG_MS = 180_000

/** Every organisation of these tests has its own catalogue. */
async function newOrganisation() {
  const { orgId, users } = await parts.accounts.createOrganisation({
    name: 'Imports',
    currency: 'EUR',
    people: [
      { name: 'M', email: `m-${Math.random()}@example.com`, password: 'correct horse battery', role: 'manager' },
      { name: 'S', email: `s-${Math.random()}@example.com`, password: 'correct horse battery', role: 'staff' },
    ],
  })
  const [userId, staffId] = [users[0]!.id, users[1]!.id]
  const importer = new Importer({ database: parts.database, ledger: parts.ledger, now: Date.now })
  const job = (file: string | Buffer, options: Partial<ImportJob> = {}): ImportJob => ({
    orgId,
    userId,
    bytes: (async function* () {
      yield Buffer.from(file)
    })(),
    ...options,
  })
  const products = (file: string | Buffer, options?: Partial<ImportJob>) => importer.products(job(file, options))
  const movements = (file: string | Buffer, options?: Partial<ImportJob>) => importer.movements(job(file, options))
  const query = <T extends object>(text: string): Promise<T[]> =>
    parts.database.snapshot(orgId, (sql) => sql.unsafe<T[]>(text).then((rows) => [...rows]))
  const version = async () => (await query<{ version: number }>('select version from org_heads'))[0]!.version
  return { orgId, userId, staffId, importer, products, movements, query, version }
}

const counts = ({ rows, created, changed, unchanged, refused }: ImportReport) => ({
  rows,
  created,
  changed,
  unchanged,
  refused,
})
const SALES_HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n'
const sale = (fields: { invoice?: string; code?: string; text?: string; quantity?: number | string; at?: string }) =>
  [
    fields.invoice ?? '536365',
    fields.code ?? '85123A',
    fields.text ?? 'LANTERN',
    fields.quantity ?? 2,
    fields.at ?? '2010-12-01 08:26:00',
    '2.55',
    '17850.0',
    'France',
  ].join(',') + '\n'

describe('products', () => {
  it('creates items with barcodes, categories and levels, counts the stock, and does not change anything the second time', async () => {
    const org = await newOrganisation()
    const file =
      'EAN;Name;SKU;Category;Unit;Cost;Min;Max;Target;Location;Qty\r\n' +
      '4006381333931;Stabilo Boss;ST-1;Pens;box;1,25;4;40;20;Front;12,5\r\n' +
      ';No barcode;ST-2;Pens;;;;;;;\r\n'
    const report = await org.products(file)
    expect(report).toMatchObject({
      rows: 2,
      created: 2,
      refused: 0,
      made: { items: 2, categories: ['Pens'], locations: ['Front'] },
    })
    const [item] = await org.query(`
      select i.name, i.sku, i.unit, i.cost, i.low, i.high, i.target, b.code, c.name as category, l.name as location, p.quantity
      from items i join barcodes b on b.item_id = i.id join categories c on c.id = i.category_id
      join positions p on p.item_id = i.id join locations l on l.id = p.location_id`)
    expect(item).toEqual({
      name: 'Stabilo Boss',
      sku: 'ST-1',
      unit: 'box',
      cost: 1.25,
      low: 4000,
      high: 40_000,
      target: 20_000,
      code: '04006381333931',
      category: 'Pens',
      location: 'Front',
      quantity: 12_500,
    })
    const before = await org.version()
    expect(counts(await org.products(file))).toEqual({ rows: 2, created: 0, changed: 0, unchanged: 2, refused: 0 })
    expect(await org.version()).toBe(before)
  })

  it('changes the fields that differ from the file, keeps the others, and can be reverted', async () => {
    const org = await newOrganisation()
    const a = 'barcode,name,unit,quantity\n4006381333931,Pen,box,12\n'
    const b = 'barcode,name,unit,quantity\n4006381333931,Red pen,,15\n'
    await org.products(a)
    for (const [file, name, quantity] of [
      [b, 'Red pen', 15_000],
      [a, 'Pen', 12_000],
      [b, 'Red pen', 15_000],
    ] as const) {
      expect(counts(await org.products(file))).toEqual({ rows: 1, created: 0, changed: 1, unchanged: 0, refused: 0 })
      const [row] = await org.query('select name, unit, quantity from items join positions on item_id = id')
      expect(row).toEqual({ name, unit: 'box', quantity })
    }
  })

  it('does not repeat the count of an earlier import after people have moved the stock', async () => {
    const org = await newOrganisation()
    const file = 'sku,name,quantity\nA,Apple,12\n'
    await org.products(file)
    const [at] = await org.query<{ itemId: string; locationId: string }>(
      'select item_id as "itemId", location_id as "locationId" from positions',
    )
    await parts.ledger.push(org.orgId, {
      userId: org.userId,
      clientId: crypto.randomUUID(),
      envelopes: [
        {
          seq: 1,
          id: crypto.randomUUID(),
          name: 'stock.withdraw',
          args: { ...at, quantity: 5 },
          at: formatStamp({ ms: Date.now(), counter: 0, device: 'ffffffff' }),
        },
      ],
    })
    expect(counts(await org.products(file))).toMatchObject({ unchanged: 1, changed: 0 })
    expect(await org.query('select quantity from positions')).toEqual([{ quantity: 7000 }])
  })

  it('counts one item at several locations in several rows', async () => {
    const org = await newOrganisation()
    const file = 'sku,name,location,quantity\nA,Apple,One,1\nA,Apple,Two,2\nA,Apple,Two,3\n'
    const report = await org.products(file)
    expect(report).toMatchObject({
      rows: 3,
      created: 1,
      changed: 1,
      refused: 1,
      problems: [{ line: 4, cause: 'repeated', detail: 'line 2' }],
    })
    expect(await org.query('select quantity from positions order by quantity')).toEqual([
      { quantity: 1000 },
      { quantity: 2000 },
    ])
  })

  it('reports every refused row with its line and cause, and imports the others', async () => {
    const org = await newOrganisation()
    const rows: [string, string?][] = [
      ['4006381333931,Pencil,P-1,1,2'],
      [',Nothing,,1,2', 'no_key'],
      ['4006381333931,Pencil again,P-9,1,2', 'repeated'],
      ['5449000000996,,C-1,1,2', 'no_name'],
      ['5449000000996,Cola,C-1,one,2', 'bad_number'],
      ['5449000000996,Cola,C-1,-1,2', 'bad_row'],
      ['5449000000996,Cola,C-1,1,-2', 'bad_number'],
      ['5.449E+12,Cola,C-1,1,2', 'bad_barcode'],
      [`5449000000996,${'x'.repeat(301)},C-1,1,2`, 'bad_row'],
      ['5449000000996,Co\u0000la,C-1,1,2', 'bad_row'],
      ['5449000000996,Cola', 'column_count'],
      ['5449000000996,"Cola,C-1,1,2', 'unclosed_quote'],
      ['5449000000996,Cola,C-1,1,2'],
    ]
    // Enough text before the NUL for the file to be recognised as text.
    const file = `barcode,name,sku,cost,quantity\n${rows[0]![0]}\n${'\n'.repeat(600)}${rows
      .slice(1)
      .map(([row]) => row)
      .join('\n')}\n`
    const report = await org.products(file)
    const expected = rows
      .slice(1)
      .flatMap(([, cause], index) => (cause === undefined ? [] : [{ line: 603 + index, cause }]))
    expect(report.problems.map(({ line, cause }) => ({ line, cause }))).toEqual(expected)
    expect(counts(report)).toEqual({
      rows: rows.length,
      created: 2,
      changed: 0,
      unchanged: 0,
      refused: rows.length - 2,
    })
    expect(await org.query('select id from conflicts')).toEqual([])
  })

  it('refuses a row whose barcode and SKU belong to two items', async () => {
    const org = await newOrganisation()
    await org.products('barcode,name,sku\n4006381333931,Pen,\n,Ink,I-1\n')
    const { problems } = await org.products('barcode,name,sku\n4006381333931,Pen,I-1\n')
    expect(problems).toEqual([{ line: 2, cause: 'key_clash', detail: '04006381333931, I-1' }])
  })

  it.each([
    ['an empty file', '', 'empty'],
    ['a file of blank lines', '\n\n\n', 'empty'],
    ['a file without a header', '4006381333931,Pencil\n', 'no_header'],
    ['a spreadsheet', Buffer.from(`PK\u0003\u0004${'\u0000'.repeat(600)}`), 'not_text'],
    ['random bytes', Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7919) % 256)), 'not_text'],
    ['UTF-16 without a mark', Buffer.from('barcode,name\n1,2\n', 'utf16le'), 'not_text'],
  ])('reports the problem of %s, and does not write', async (_, file, cause) => {
    const org = await newOrganisation()
    const before = await org.version()
    const report = await org.products(file)
    expect(report.fileProblem?.cause).toBe(cause)
    expect(counts(report)).toEqual({ rows: 0, created: 0, changed: 0, unchanged: 0, refused: 0 })
    expect(await org.version()).toBe(before)
  })

  it('reads UTF-16 with a mark, and a file of 200 columns', async () => {
    const org = await newOrganisation()
    const utf16 = await org.products(
      Buffer.from('\uFEFFbarcode,name\r\n4006381333931,Bleistift für Köln\r\n', 'utf16le'),
    )
    expect(utf16).toMatchObject({ rows: 1, created: 1, encoding: 'utf-16le' })
    const extra = Array.from({ length: 198 }, (_, index) => `extra${index}`)
    const wide = await org.products(`barcode,name,${extra.join(',')}\n5449000000996,Cola,${extra.join(',')}\n`)
    expect(wide).toMatchObject({ rows: 1, created: 1, ignoredColumns: extra })
  })

  it('makes the same decisions in a dry run without writing', async () => {
    const org = await newOrganisation()
    const before = await org.version()
    const file = 'sku,name,category,location,quantity\nA,Apple,Fruit,Here,1\nB,,,,\n'
    const dry = await org.products(file, { dryRun: true })
    expect(await org.version()).toBe(before)
    const wet = await org.products(file)
    expect({ ...dry, dryRun: false }).toEqual(wet)
    expect(wet).toMatchObject({ rows: 2, created: 1, refused: 1 })
  })

  it('reports a location that does not exist instead of creating it', async () => {
    const org = await newOrganisation()
    const report = await org.products('sku,name,quantity\nA,Apple,1\n', { location: 'Nowhere' })
    expect(report.fileProblem).toEqual({ cause: 'unknown_location', detail: 'Nowhere' })
  })

  it('does not change anything for staff', async () => {
    const org = await newOrganisation()
    const report = await org.products('sku,name\nA,Apple\n', { userId: org.staffId })
    expect(report).toMatchObject({ rows: 1, created: 0, refused: 1, problems: [{ line: 2, cause: 'refused' }] })
    expect(await org.query('select id from items')).toEqual([])
  })

  it(
    'imports the real file, reports repeated rows, and does not change anything the second time',
    async () => {
      const org = await newOrganisation()
      const path = real('products-100k.csv') ?? SAMPLE
      const startedAt = performance.now()
      const first = await org.products('', { bytes: createReadStream(path) })
      const seconds = (performance.now() - startedAt) / 1000
      expect(first.created + first.refused).toBe(first.rows)
      if (path !== SAMPLE) {
        // The same GTIN with and without a leading zero.
        expect(first).toMatchObject({
          rows: 100_000,
          created: 99_997,
          problems: [{ cause: 'repeated' }, { cause: 'repeated' }, { cause: 'repeated' }],
        })
        expect(seconds).toBeLessThan(120)
      }
      const before = await org.version()
      const second = await org.products('', { bytes: createReadStream(path) })
      expect(counts(second)).toEqual({
        rows: first.rows,
        created: 0,
        changed: 0,
        unchanged: first.created,
        refused: first.refused,
      })
      expect(await org.version()).toBe(before)
    },
    LONG_MS,
  )
})

describe('movements', () => {
  it('records sales and returns at their own time, and creates their items', async () => {
    const org = await newOrganisation()
    const file =
      SALES_HEADER +
      sale({ code: '85123A', text: '' }) +
      sale({ code: '85123B', text: 'BLUE LANTERN', quantity: 3 }) +
      sale({ code: '85123A', text: 'WHITE LANTERN', at: '2010-12-01 09:00:00' }) +
      sale({ invoice: 'C536379', code: '85123A', quantity: -1, at: '2010-12-02 10:00:00' })
    const report = await org.movements(file)
    expect(report).toMatchObject({
      rows: 4,
      created: 4,
      made: { items: 2, locations: ['Imported'] },
      negativePositions: 2,
    })
    expect(await org.query('select sku, name from items order by sku')).toEqual([
      { sku: '85123A', name: 'WHITE LANTERN' },
      { sku: '85123B', name: 'BLUE LANTERN' },
    ])
    const lines = await org.query<{ kind: string; amount: number; reference: string; at: string }>(
      'select kind, amount, reference, at, unit_cost from inventory_logs order by no',
    )
    expect(lines.map(({ kind, amount, reference }) => [kind, amount, reference])).toEqual([
      ['withdraw', -2000, '536365'],
      ['withdraw', -3000, '536365'],
      ['withdraw', -2000, '536365'],
      ['receive', 1000, 'C536379'],
    ])
    expect(stampMs(lines[0]!.at)).toBe(Date.UTC(2010, 11, 1, 8, 26))
  })

  it('imports equal rows as separate sales, each of them once', async () => {
    const org = await newOrganisation()
    const one = SALES_HEADER + sale({}) + sale({})
    expect(await org.movements(one)).toMatchObject({ rows: 2, created: 2 })
    const before = await org.version()
    expect(await org.movements(one)).toMatchObject({ rows: 2, created: 0, unchanged: 2 })
    expect(await org.version()).toBe(before)
    expect(await org.movements(one + sale({}))).toMatchObject({ rows: 3, created: 1, unchanged: 2 })
    expect(await org.query('select quantity from positions')).toEqual([{ quantity: -6000 }])
  })

  it('reports all positions below zero in one alert, once', async () => {
    const org = await newOrganisation()
    const file = SALES_HEADER + ['A', 'B', 'C'].map((code) => sale({ code })).join('')
    await org.movements(file)
    const alerts = () => org.query('select kind, state, quantity, item_id from alerts')
    expect(await alerts()).toEqual([{ kind: 'imported_negative', state: 'open', quantity: 3000, item_id: null }])
    await org.movements(file)
    expect(await alerts()).toHaveLength(1)
    await org.movements(SALES_HEADER + sale({ code: 'D' }))
    expect(await alerts()).toEqual([{ kind: 'imported_negative', state: 'open', quantity: 4000, item_id: null }])
  })

  it('reports every row that it refuses', async () => {
    const org = await newOrganisation()
    const bad: [string, string][] = [
      [sale({ code: '' }), 'no_key'],
      [sale({ quantity: 0 }), 'zero_quantity'],
      [sale({ quantity: 'two' }), 'bad_number'],
      [sale({ quantity: 0.0001 }), 'bad_row'],
      [sale({ quantity: 2_000_000_000 }), 'bad_row'],
      [sale({ at: '12/1/2010 8:26' }), 'bad_date'],
      [sale({ at: '2999-01-01 00:00:00' }), 'future'],
      [sale({ code: 'x'.repeat(65) }), 'bad_row'],
    ]
    const report = await org.movements(SALES_HEADER + bad.map(([row]) => row).join('') + sale({}))
    expect(report.problems.map(({ line, cause }) => [line, cause])).toEqual(
      bad.map(([, cause], index) => [index + 2, cause]),
    )
    expect(counts(report)).toEqual({ rows: bad.length + 1, created: 1, changed: 0, unchanged: 0, refused: bad.length })
  })

  it(
    'imports the whole real file, unfolds folded rows, and does not change anything the second time',
    async () => {
      const org = await newOrganisation()
      const path = real('retail-sales.csv')
      const sample = SALES_HEADER + sale({}) + `"536381,82567,""LOUNGE,SIGN"",2,2010-12-01 09:41:00,2.1,1.0,France"\r\n`
      const read = (dryRun = false) => org.movements(sample, { dryRun, ...(path && { bytes: createReadStream(path) }) })
      const before = await org.version()
      const dry = await read(true)
      expect(await org.version()).toBe(before)
      const first = await read()
      expect(counts(first)).toEqual(counts(dry))
      expect(first.created).toBe(first.rows)
      expect(first.notices.filter(({ notice }) => notice === 'unfolded')).toHaveLength(path ? 119 : 1)
      if (path) expect(first.rows).toBe(8373)
      const [line] = await org.query(
        'select count(*)::int8 as lines, count(distinct mutation_id)::int8 as sales from inventory_logs',
      )
      expect(line).toEqual({ lines: first.rows, sales: first.rows })
      const after = await org.version()
      expect(counts(await read())).toEqual({ ...counts(first), created: 0, unchanged: first.rows })
      expect(await org.version()).toBe(after)
      expect(await org.query('select kind from alerts')).toEqual([{ kind: 'imported_negative' }])
    },
    LONG_MS,
  )
})
