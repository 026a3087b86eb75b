// The cursor: how far a device has come, opaque to it and signed, since a server believes what it says of lost commits.
// Carries what makes it worthless when it changes. Keeps U3, U6.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Role } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'
import { isId } from '#shared/values/id.ts'
import { isStorable } from '#shared/values/text.ts'
import type { CommitId } from '../events/commit-id.ts'
import { isUuidColumn, keyColumnsOf } from '../database/schema/tables.ts'

/** `chainHead` is empty in the middle of a pull: nobody can say yet which commit it will have seen. */
export interface Cursor extends CommitId {
  epoch: number
  /** All rows up to this version are held; where `within` is given, all before it. */
  version: number
  /** A page ended in the middle of a version: after this row of this kind. */
  within?: { kind: number; key: string[] }
  role: Role
  /** It is of older rows: nobody goes on from it, but it is a witness still. */
  isStale?: true
}

/** Grows whenever a kind or a column comes, goes or moves: a mirror of older rows must be loaded anew. */
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
/** Cursors of the first version: not signed, so only good for beginning anew. */
const oldSchema = z.tuple([z.literal(1), z.string(), z.int(), z.int(), z.string(), z.string()]).rest(z.unknown())

export class Cursors {
  readonly #key: Buffer

  /** `secret` must be the same for all replicas. Cursors of another secret lead to a new snapshot. */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('cursor').digest()
  }

  encode(orgId: string, { epoch, version, within, role, chainHead, atMs }: Cursor): string {
    const place = within ? [within.kind, within.key] : null
    const text = JSON.stringify([FORMAT, ROW_SCHEMA, epoch, version, role, chainHead, place])
    const cursor = `${encoded(text)}.${encoded(this.#mac(orgId, text))}`
    // Apart, as the version before reads no further than to the second point.
    return atMs === undefined
      ? cursor
      : `${cursor}.${encoded(`${atMs}`)}.${encoded(this.#mac(orgId, `${text} ${atMs}`))}`
  }

  /**
   * The cursor, 'garbage' where it is none, 'stale' where it is of the first version, another organisation or another
   * secret, or 'newer' where only a newer server can read it.
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
    if (within && !isPlace(within[0], within[1])) return 'garbage'
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

/** True for a place that a page of this server can end at. */
function isPlace(kindNo: number, key: readonly string[]): boolean {
  const kind = KINDS[kindNo]
  if (!kind) return kindNo === KINDS.length && key.length === 0
  const columns = keyColumnsOf(kind)
  if (key.length !== columns.length) return false
  return key.every((part, i) => (isUuidColumn(kind, columns[i]!) ? isId(part) : isStorable(part)))
}
