// The cursor: up to which version a device holds every row. It is opaque to devices and signed, because the server relies on
// it to detect lost commits. It contains the role and the row schema, because it is invalid once they change. Keeps U3, U6.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Role } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'
import { isId } from '#shared/values/id.ts'
import { isStorable } from '#shared/values/text.ts'
import type { CommitId } from '../events/commit-id.ts'
import { isUuidColumn, keyColumnsOf } from '../database/schema/tables.ts'

/** `chainHead` is empty in the middle of a pull, which may end at a later commit. */
export interface Cursor extends CommitId {
  epoch: number
  /** The device holds all rows up to this version; with `within`, those of this version only up to there. */
  version: number
  /** The last row of a page that ended in the middle of a version. */
  within?: { kind: number; key: string[] }
  role: Role
  /** It is of an older row schema. A pull cannot continue from it, but it still proves which commit the device has seen. */
  isStale?: true
}

/** Grows with every change of the kinds or columns. Devices with rows of an older schema load all rows again. */
export const ROW_SCHEMA = 2
const FORMAT = 2
const MAC_BYTES = 12

const schema = z.tuple([
  z.literal(FORMAT),
  z.int().min(1),
  z.int().min(1),
  z.int().min(0),
  z.enum(['viewer', 'staff', 'manager']),
  z.string(),
  z.tuple([z.int().min(0), z.array(z.string())]).nullable(),
])
/** Cursors of the first format. They are not signed, so their device loads all rows again. */
const oldSchema = z.tuple([z.literal(1), z.string(), z.int(), z.int(), z.string(), z.string()]).rest(z.unknown())

export class Cursors {
  readonly #key: Buffer

  /** `secret` must be the same for all servers. A cursor of another secret leads to a resnapshot. */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('cursor').digest()
  }

  encode(orgId: string, { epoch, version, within, role, chainHead, atMs }: Cursor): string {
    const position = within ? [within.kind, within.key] : null
    const text = JSON.stringify([FORMAT, ROW_SCHEMA, epoch, version, role, chainHead, position])
    const cursor = `${encoded(text)}.${encoded(this.#mac(orgId, text))}`
    // The time is a separate part, because the previous version of the server ignores everything after the second dot.
    return atMs === undefined
      ? cursor
      : `${cursor}.${encoded(`${atMs}`)}.${encoded(this.#mac(orgId, `${text} ${atMs}`))}`
  }

  /**
   * The cursor, 'garbage' if it is not one, 'stale' if it is of the first format, another organisation or another secret,
   * or 'newer' if only a newer server can read it.
   */
  decode(orgId: string, cursor: string): Cursor | 'garbage' | 'stale' | 'newer' {
    const [payload = '', mac = '', time, timeMac = ''] = cursor.split('.')
    const text = decoded(payload)
    const values = parseJson(text)
    if (oldSchema.safeParse(values).success) return 'stale'
    const parsed = schema.safeParse(values)
    if (!parsed.success) return isNewer(values) ? 'newer' : 'garbage'
    const [, rowSchema, epoch, version, role, chainHead, within] = parsed.data
    if (!this.#isOurs(orgId, text, mac)) return 'stale'
    if (time !== undefined && !this.#isOurs(orgId, `${text} ${decoded(time)}`, timeMac)) return 'stale'
    const seen = { chainHead, atMs: time === undefined ? undefined : Number(decoded(time)) }
    if (rowSchema > ROW_SCHEMA) return 'newer'
    if (rowSchema < ROW_SCHEMA) return { epoch, version, role, ...seen, isStale: true }
    if (within && !isRowPosition(within[0], within[1])) return 'garbage'
    return { epoch, version, role, ...seen, ...(within && { within: { kind: within[0], key: within[1] } }) }
  }

  #isOurs(orgId: string, text: string, mac: string): boolean {
    const given = Buffer.from(mac, 'base64url')
    return given.length === MAC_BYTES && timingSafeEqual(given, this.#mac(orgId, text))
  }

  #mac(orgId: string, text: string): Buffer {
    return createHmac('sha256', this.#key).update(`${orgId} ${text}`).digest().subarray(0, MAC_BYTES)
  }
}

function encoded(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url')
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isNewer(values: unknown): boolean {
  return Array.isArray(values) && Number.isInteger(values[0]) && values[0] > FORMAT
}

/** True for a position at which a page of this server can end. */
function isRowPosition(kindNo: number, key: readonly string[]): boolean {
  const kind = KINDS[kindNo]
  if (!kind) return kindNo === KINDS.length && key.length === 0
  const columns = keyColumnsOf(kind)
  if (key.length !== columns.length) return false
  return key.every((part, i) => (isUuidColumn(kind, columns[i]!) ? isId(part) : isStorable(part)))
}
