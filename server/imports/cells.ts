// Parses the cells that contain numbers and times.
import type { Delimiter } from './csv-row-reader.ts'

/** Returns undefined if the text is not a number. A comma is a decimal separator only if it does not separate columns. */
export function parseNumber(text: string, delimiter: Delimiter): number | undefined {
  const plain = delimiter !== ',' && /^-?\d+,\d+$/.test(text) ? text.replace(',', '.') : text
  return /^-?\d+([.]\d+)?$/.test(plain) ? Number(plain) : undefined
}

/** Unix ms of `2010-12-01 08:26:00`, in UTC unless the text has a time zone. Returns undefined for other texts. */
export function parseTime(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:[.]\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (!parts) return undefined
  const [, day, minute = '00:00', second = ':00', zone = 'Z'] = parts
  // Date.parse reads 2010-02-31 as a day in March.
  const midnight = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined
  const ms = Date.parse(`${day}T${minute}${second}${zone}`)
  return Number.isNaN(ms) || ms < 0 ? undefined : ms
}
