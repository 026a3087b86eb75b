// The cursor: how far a device has come, opaque to it. Carries what makes it worthless when it changes. Keeps U1–U3.
import type { Role } from '#shared/rows/rows.ts'
import { columnsOf, KINDS } from '#shared/rows/rows.ts'
import { isId } from '#shared/values/id.ts'
import { isStorable } from '#shared/values/text.ts'
import { isUuidColumn, keyColumnsOf } from '../database/tables.ts'
import { hash } from 'node:crypto'
import { z } from 'zod'

export interface Cursor {
  epoch: number
  /** All rows up to this version are held; where `within` is given, all before it. */
  version: number
  /** A page ended in the middle of a version: after this row of this kind. */
  within?: { kind: number; key: string[] }
  role: Role
  /** Head of the hash chains at the version; empty in the middle of a pull. */
  chainHead: string
}

/** Changes whenever a kind or a column does: a mirror of other rows must be loaded anew. */
export const ROW_SCHEMA = hash('sha256', JSON.stringify(KINDS.map((kind) => [kind, columnsOf[kind]])), 'hex').slice(
  0,
  8,
)

const schema = z.tuple([
  z.literal(1),
  z.string(),
  z.int().min(1),
  z.int().min(0),
  z.enum(['viewer', 'staff', 'manager']),
  z.string(),
  z.tuple([z.int().min(0), z.array(z.string())]).optional(),
])

export function encodeCursor({ epoch, version, within, role, chainHead }: Cursor): string {
  const values = [1, ROW_SCHEMA, epoch, version, role, chainHead, ...(within ? [[within.kind, within.key]] : [])]
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/** The cursor, 'garbage' where it is none, or 'stale' where it is of another row schema. */
export function decodeCursor(text: string): Cursor | 'garbage' | 'stale' {
  let values: unknown
  try {
    values = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return 'garbage'
  }
  const parsed = schema.safeParse(values)
  if (!parsed.success) return 'garbage'
  const [, rowSchema, epoch, version, role, chainHead, within] = parsed.data
  if (rowSchema !== ROW_SCHEMA) return 'stale'
  if (within && !isPlace(within[0], within[1])) return 'garbage'
  return { epoch, version, role, chainHead, ...(within && { within: { kind: within[0], key: within[1] } }) }
}

/** True for a place that a page of this server can end at. */
function isPlace(kindNo: number, key: readonly string[]): boolean {
  const kind = KINDS[kindNo]
  if (!kind) return kindNo === KINDS.length && key.length === 0
  const columns = keyColumnsOf(kind)
  if (key.length !== columns.length) return false
  return key.every((part, i) => (isUuidColumn(kind, columns[i]!) ? isId(part) : isStorable(part)))
}
