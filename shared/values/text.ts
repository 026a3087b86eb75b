// Texts that PostgreSQL and JSON can both store. U+0000 and lone surrogates are refused on input.
import * as z from 'zod/mini'

/** Returns whether a text has no U+0000 and no lone surrogate. Both would cause an error in the database. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

/** A storable text of at most `max` characters. */
export const textSchema = (max: number) =>
  z.string().check(z.maxLength(max), z.refine(isStorable, 'holds U+0000 or a lone surrogate'))

/** A storable text that is not empty, without space around it. */
export const nameSchema = (max: number) => textSchema(max).check(z.trim(), z.minLength(1))

/** A day, `YYYY-MM-DD`, that exists. */
export const daySchema = z.iso.date().check(z.refine((day) => !day.startsWith('0000'), 'there is no year 0'))
