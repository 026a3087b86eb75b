// Ids: UUIDs, made on the device (UUIDv7, RFC 9562 §5.7) or derived from another id, so that a rerun makes the same one.
import * as z from 'zod/mini'

declare const KIND: unique symbol

/**
 * An id of one kind. The id of another kind is not accepted in its place; a plain string is, because ids come as strings
 * from addresses, files and the database (docs/decisions/0022-typed-units-and-ids.md).
 */
export type Id<K extends string> = string & { readonly [KIND]?: K }

export type ItemId = Id<'item'>
export type LocationId = Id<'location'>
export type CategoryId = Id<'category'>
export type CountId = Id<'count'>
export type AlertId = Id<'alert'>
export type ConflictId = Id<'conflict'>
export type MutationId = Id<'mutation'>
export type UserId = Id<'user'>
export type ClientId = Id<'client'>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Any UUID, converted to lower case as PostgreSQL prints it. */
export const idSchema = z.string().check(z.regex(UUID, 'not a UUID'), z.toLowerCase())

/** The same for ids of one kind: `idOf<ItemId>()`. */
export function idOf<I extends Id<string>>(): z.ZodMiniType<I, string> {
  return idSchema as z.ZodMiniType<string, string> as z.ZodMiniType<I, string>
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** A UUIDv7 of a time (Unix ms) and ten random bytes (RFC 9562 §5.7): ids sort by the time when they were made. */
export function uuidv7(nowMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  let rest = nowMs
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes.set(random.subarray(0, 10), 6)
  return format(bytes, 7)
}

/** Derives an id from another one: the same input gives the same id on every machine (UUIDv8, RFC 9562 §5.8). */
export function derivedId(id: string, label: string): string {
  const bytes = new Uint8Array(16)
  for (let half = 0; half < 4; half++) {
    const hash = fnv1a(`${half}:${id}:${label}`)
    for (let i = 0; i < 4; i++) bytes[half * 4 + i] = (hash >>> (8 * i)) & 0xff
  }
  return format(bytes, 8)
}

function format(bytes: Uint8Array, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4)
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo), with a final mix, so that similar inputs give very different results. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
