// The problems of real files, each with the expected rows.
import { describe, expect, it } from 'vitest'
import type { FileLine } from './line-reader.ts'
import { readLines } from './line-reader.ts'
import { readHeader, productColumns } from './columns.ts'
import { readCsvRows } from './csv-row-reader.ts'
import type { ReadRow } from './csv-row-reader.ts'
import { FileRefusedError } from './report.ts'

const ignored = { encoding: () => undefined, progress: () => undefined }

async function* pieces(file: Uint8Array | string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function linesIn(file: Uint8Array | string, size?: number): Promise<FileLine[]> {
  const lines: FileLine[] = []
  for await (const line of readLines(pieces(file, size), ignored)) lines.push(line)
  return lines
}

const texts = async (file: Uint8Array | string, size?: number) => (await linesIn(file, size)).map(({ text }) => text)

async function rowsIn(file: string, columns = 4): Promise<ReadRow[]> {
  const rows: ReadRow[] = []
  for await (const row of readCsvRows(readLines(pieces(file), ignored), { columns, delimiter: ',' })) rows.push(row)
  return rows
}

describe('readLines', () => {
  it.each([1, 2, 3, 7, 1000])('reads the same lines from chunks of %i bytes', async (size) => {
    expect(await texts('\uFEFFa,é\r\n日本,"b"\n\nlast', size)).toEqual(['a,é', '日本,"b"', '', 'last'])
  })

  it.each(['utf-16le', 'utf-16be'])('reads %s by its byte-order mark', async (encoding) => {
    const little = Buffer.from('\uFEFFa,é\r\nb,日', 'utf16le')
    const encodings: string[] = []
    const file = encoding === 'utf-16le' ? little : Buffer.from(little).swap16()
    const lines: string[] = []
    const events = { encoding: (name: string) => encodings.push(name), progress: () => undefined }
    for await (const { text } of readLines(pieces(file, 3), events)) lines.push(text)
    expect(lines).toEqual(['a,é', 'b,日'])
    expect(encodings).toEqual([encoding])
  })

  it('reads files of old Macs, whose lines end with CR only', async () => {
    expect(await texts('a,b\rc,d', 1000)).toEqual(['a,b', 'c,d'])
  })

  it.each([
    ['an empty file', Buffer.alloc(0), 'empty'],
    ['a spreadsheet', Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(900, 65)]), 'not_text'],
    ['a picture', Buffer.concat([Buffer.from('\u0089PNG\r\n\u001A\n'), Buffer.alloc(900)]), 'not_text'],
    ['UTF-16 without a mark', Buffer.from('barcode,name\n1,2', 'utf16le'), 'not_text'],
  ])('refuses %s at once', async (_, file, cause) => {
    await expect(linesIn(file, 100)).rejects.toThrow(FileRefusedError)
    await expect(linesIn(file, 100)).rejects.toMatchObject({ problem: { cause } })
  })

  it('marks the line with a byte that is not UTF-8, and only that one', async () => {
    const file = Buffer.concat([Buffer.from('a\nb'), Buffer.from([0xe9]), Buffer.from('\nc\uFFFD')])
    expect((await linesIn(file)).map(({ isBroken = false }) => isBroken)).toEqual([false, true, false])
  })

  it('does not hold an endless line in memory, and continues after it', async () => {
    const lines = await linesIn(`a\n${'x'.repeat(2_000_000)}\nb`, 64 * 1024)
    expect(lines.map(({ text }) => text.length > 64_000)).toEqual([false, true, false])
    expect(lines[2]).toMatchObject({ no: 3, text: 'b' })
  })
})

describe('readCsvRows', () => {
  it('reads quoted cells with commas, doubled quotes and line ends', async () => {
    expect(await rowsIn('1,"a, b","say ""x""",4\n1,2,"three\nlines\nhere",4\n5,6,7,8')).toEqual([
      { line: 1, cells: ['1', 'a, b', 'say "x"', '4'] },
      { line: 2, cells: ['1', '2', 'three\nlines\nhere', '4'] },
      { line: 5, cells: ['5', '6', '7', '8'] },
    ])
  })

  it('reads a quote inside an unquoted cell unchanged', async () => {
    expect(await rowsIn('1,RECORD FRAME 7" SIZE,3,4')).toEqual([
      { line: 1, cells: ['1', 'RECORD FRAME 7" SIZE', '3', '4'] },
    ])
  })

  it('unfolds a row that is completely inside quotes', async () => {
    expect(await rowsIn('"1,""AIRLINE LOUNGE,METAL SIGN"",3,4"\n"1,""7"""" FRAME "",3,4"')).toEqual([
      { line: 1, cells: ['1', 'AIRLINE LOUNGE,METAL SIGN', '3', '4'], unfolded: true },
      { line: 2, cells: ['1', '7" FRAME ', '3', '4'], unfolded: true },
    ])
  })

  it('unfolds many rows that are inside one field, each with its own line', async () => {
    expect(await rowsIn('1,2,3,4\n"a,b,c,d\ne,f,g,h\ni,j,k,l"\n5,6,7,8')).toEqual([
      { line: 1, cells: ['1', '2', '3', '4'] },
      { line: 2, cells: ['a', 'b', 'c', 'd'], unfolded: true },
      { line: 3, cells: ['e', 'f', 'g', 'h'], unfolded: true },
      { line: 4, cells: ['i', 'j', 'k', 'l'], unfolded: true },
      { line: 5, cells: ['5', '6', '7', '8'] },
    ])
  })

  it('reports the line of a quote that never closes, and reads all lines after it', async () => {
    const rest = Array.from({ length: 250 }, (_, index) => `${index},b,c,d`)
    const rows = await rowsIn(['1,"open,3,4', ...rest].join('\n'))
    expect(rows[0]).toEqual({ line: 1, cause: 'unclosed_quote' })
    expect(rows.slice(1).map(({ line }) => line)).toEqual(rest.map((_, index) => index + 2))
    expect(rows.slice(1).every((row) => 'cells' in row)).toBe(true)
  })

  it('does not lose the rows between two stray quotes', async () => {
    const rows = await rowsIn('1,2,"stray,4\n1,2,3,4\n5,6,"ok",8\n1,2,3,"stray')
    expect(rows).toEqual([
      { line: 1, cause: 'unclosed_quote' },
      { line: 2, cells: ['1', '2', '3', '4'] },
      { line: 3, cells: ['5', '6', 'ok', '8'] },
      { line: 4, cause: 'unclosed_quote' },
    ])
  })

  it('reports rows with a wrong number of columns and quotes that do not match, and skips blank lines', async () => {
    expect(await rowsIn('1,2,3\n\n1,2,3,4,5\n1,"a" b,3,4\n   \n1,2,3,4')).toEqual([
      { line: 1, cause: 'column_count', detail: '3 instead of 4' },
      { line: 3, cause: 'column_count', detail: '5 instead of 4' },
      { line: 4, cause: 'bad_quotes' },
      { line: 6, cells: ['1', '2', '3', '4'] },
    ])
  })
})

describe('readHeader', () => {
  const read = (text: string) => readHeader<keyof typeof productColumns>(text, productColumns, [['barcode', 'sku']])

  it.each(['EAN;Product name;Qty', 'ean,PRODUCT NAME,qty', 'Ean\tProduct_Name\tQTY', '"EAN"|"Product-Name"|"Qty"'])(
    'finds the columns and the delimiter: %s',
    (text) => {
      const columns = read(text)
      expect(columns.read(['1', ' two ', '3'], 'name')).toBe('two')
      expect(columns.read(['1', '2', '3'], 'quantity')).toBe('3')
      expect(columns.read(['1', '2', '3'], 'cost')).toBe('')
    },
  )

  it('lists the columns that it ignores', () => {
    const names = Array.from({ length: 199 }, (_, index) => `extra ${index}`)
    expect(read(['barcode', ...names].join(','))).toMatchObject({ count: 200, ignored: names })
  })

  it.each([
    ['name,price', 'no_header', 'missing: barcode or sku; found: name, price'],
    ['4006381333931,Pencil', 'no_header', 'missing: barcode or sku; found: 4006381333931, Pencil'],
    ['ean,barcode,name', 'column_twice', 'ean and barcode'],
    [Array.from({ length: 501 }, (_, index) => `c${index}`).join(','), 'too_many_columns', '501'],
  ])('refuses %.40s', (text, cause, detail) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ problem: { cause, detail } }))
  })
})
