import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BackupDamaged, readBackup, writeBackup } from './backup-file.ts'

const header = {
  madeAt: '2026-11-22T02:00:00.000Z',
  version: '0.1.0',
  migrations: [{ name: '0001_a.sql', checksum: 'c' }],
}
type Tables = Record<string, string>

/** The text format of COPY: each row ends with a newline, and no row is "\." because backslashes are doubled. */
const row = fc
  .string()
  .map((text) => `${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}\n`)

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function write(tables: Tables): Promise<Buffer> {
  async function* all() {
    for (const [table, rows] of Object.entries(tables)) {
      yield { table: { table, columns: ['a'] }, rows: inPieces(Buffer.from(rows), 7) }
    }
  }
  return Buffer.concat(await Array.fromAsync(writeBackup(header, all())))
}

async function read(bytes: Uint8Array, size = 11): Promise<Tables> {
  const tables: Tables = {}
  let ended = false
  for await (const part of readBackup(inPieces(bytes, size))) {
    if (part.kind === 'table') tables[part.table.table] = Buffer.concat(await Array.fromAsync(part.rows)).toString()
    ended ||= part.kind === 'end'
  }
  expect(ended).toBe(true)
  return tables
}

test('a backup can be read in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row), fc.array(row), fc.integer({ min: 1, max: 50 }), async (first, second, size) => {
      const tables = { first: first.join(''), second: second.join(''), none: '' }
      expect(await read(await write(tables), size)).toEqual(tables)
    }),
  )
})

test('a backup that was truncated anywhere is damaged', async () => {
  const whole = await write({ items: '1\tone\n2\ttwo\n', locations: '1\there\n' })
  for (let length = 0; length < whole.length; length++) {
    await expect(read(whole.subarray(0, length))).rejects.toThrow(BackupDamaged)
  }
})

test('a backup with a changed, missing or added row is damaged', async () => {
  const whole = (await write({ items: '1\tone\n2\ttwo\n' })).toString()
  for (const changed of [
    whole.replace('one', 'eno'),
    whole.replace('1\tone\n', ''),
    whole.replace('1\tone\n', '1\tone\n1\tone\n'),
    `${whole}{}\n`,
  ]) {
    await expect(read(Buffer.from(changed))).rejects.toThrow(BackupDamaged)
  }
})

test('a backup with any changed byte is damaged', async () => {
  const whole = await write({ items: '1\tone\n2\ttwo\n', locations: '1\there\n' })
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole)
    changed[at]! ^= 0x01
    await expect(read(changed), String(at)).rejects.toThrow(BackupDamaged)
  }
})

test('another file is not a backup, and a newer format is reported as newer', async () => {
  await expect(read(Buffer.from('id,name\n1,one\n'))).rejects.toThrow('not a Stockhand backup')
  const newer = (await write({})).toString().replace('"format":1', '"format":2')
  await expect(read(Buffer.from(newer))).rejects.toThrow('newer version')
})
