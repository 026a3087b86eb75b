// Texts: what PostgreSQL and JSON both can hold. A NUL or half of a surrogate pair is refused at the door.
import * as z from 'zod/mini'

/** True for a text without U+0000 and without a lone surrogate: both would be an error deep inside the database. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

/** A storable text of at most `max` characters. */
export const textSchema = (max: number) =>
  z.string().check(z.maxLength(max), z.refine(isStorable, 'holds U+0000 or a lone surrogate'))

/** A storable text that says something, without space around it. */
export const nameSchema = (max: number) => textSchema(max).check(z.trim(), z.minLength(1))

/** A day, `YYYY-MM-DD`, that exists. */
export const daySchema = z.iso.date().check(z.refine((day) => !day.startsWith('0000'), 'there is no year 0'))
