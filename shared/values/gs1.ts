// GS1 element strings: what a symbol says besides its GTIN. After the GS1 General Specifications, §3 (the
// application identifiers), §7.8 (element strings, FNC1 as GS) and §7.12 (dates). If a part
// cannot be read for certain, the whole label is undefined, because half a label is worse than none.
import { checkDigit, isGtin } from './gtin.ts'

export interface Gs1 {
  /** AI 00: a pallet or parcel. */
  sscc?: string
  /** AI 01, or 02: the item inside a carton that has no GTIN of its own. 14 digits. */
  gtin?: string
  lot?: string
  serial?: string
  /** `YYYY-MM-DD`, all three. */
  producedOn?: string
  bestBeforeOn?: string
  expiresOn?: string
  /** AI 30 or 37: the number of pieces. */
  count?: number
  /** AI 310n: in kilograms. */
  netWeightKg?: number
  /** AI 240 and 241: the supplier's and the customer's number for the item. */
  additionalId?: string
  customerPart?: string
  /** AI 400. */
  orderNumber?: string
}

const GROUP_SEPARATOR = '\x1d'

/** Returns whether a code claims to be element strings: it contains FNC1, or is printed with brackets. */
export function looksLikeGs1(code: string): boolean {
  return code.includes(GROUP_SEPARATOR) || /^\((00|01|02)\)\d/.test(code)
}

/** `currentYear` decides the century of two-digit years (§7.12). */
export function parseGs1(code: string, currentYear: number): Gs1 | undefined {
  const elements = code.startsWith('(') ? bracketed(code) : concatenated(code)
  if (!elements || elements.length === 0) return undefined
  const values = new Map<string, string>()
  for (const { ai, value } of elements) {
    if (values.has(ai) && values.get(ai) !== value) return undefined
    values.set(ai, value)
  }
  if (values.has('01') && values.has('02')) return undefined
  const parsed: Gs1 = {}
  for (const [ai, value] of values) if (!take(parsed, { ai, value, currentYear })) return undefined
  return parsed
}

interface Element {
  ai: string
  value: string
}

/** The length of an element including its identifier, if the first two digits of the identifier determine it (§7.8.5). */
const FIXED_LENGTHS: Readonly<Record<string, number>> = {
  '00': 20,
  '01': 16,
  '02': 16,
  '03': 16,
  '04': 18,
  '11': 8,
  '12': 8,
  '13': 8,
  '14': 8,
  '15': 8,
  '16': 8,
  '17': 8,
  '18': 8,
  '19': 8,
  '20': 4,
  '31': 10,
  '32': 10,
  '33': 10,
  '34': 10,
  '35': 10,
  '36': 10,
  '41': 16,
}

/** The elements of variable length that are read here, with the longest value of each. */
const VARIABLE_LENGTHS: Readonly<Record<string, number>> = {
  '10': 20,
  '21': 20,
  '30': 8,
  '37': 8,
  '240': 30,
  '241': 30,
  '400': 30,
}

function concatenated(code: string): Element[] | undefined {
  const elements: Element[] = []
  for (let at = code.startsWith(GROUP_SEPARATOR) ? 1 : 0; at < code.length;) {
    const fixed = FIXED_LENGTHS[code.slice(at, at + 2)]
    let end: number
    if (fixed !== undefined) {
      end = at + fixed
      if (end > code.length) return undefined
      elements.push(fixedElement(code.slice(at, end)))
    } else {
      const separator = code.indexOf(GROUP_SEPARATOR, at)
      end = separator < 0 ? code.length : separator
      const element = variableElement(code.slice(at, end))
      if (!element || (!code.includes(GROUP_SEPARATOR) && hidesAnother(element.value))) return undefined
      elements.push(element)
    }
    at = code[end] === GROUP_SEPARATOR ? end + 1 : end
  }
  return elements
}

function fixedElement(text: string): Element {
  const length = /^3[1-6]/.test(text) ? 4 : text.startsWith('41') ? 3 : 2
  return { ai: text.slice(0, length), value: text.slice(length) }
}

/** Skips an element that this app does not read, up to its separator. */
function variableElement(text: string): Element | undefined {
  const ai = [text.slice(0, 2), text.slice(0, 3)].find((candidate) => candidate in VARIABLE_LENGTHS)
  if (ai !== undefined) return { ai, value: text.slice(ai.length) }
  return /^\d{2}./.test(text) ? { ai: text, value: '' } : undefined
}

/**
 * A scanner that leaves out FNC1 joins a lot and the elements after it. A date or a GTIN at the end shows this, and then
 * the end of the lot is unknown.
 */
function hidesAnother(value: string): boolean {
  const date = /(?:11|15|17)(\d{6})$/.exec(value)?.[1]
  if (date !== undefined && dayOf(date, 2000) !== undefined) return true
  const gtin = /0[12](\d{14})$/.exec(value)?.[1]
  return gtin !== undefined && isGtin(gtin)
}

function bracketed(code: string): Element[] | undefined {
  const elements: Element[] = []
  const pattern = /\((\d{2,4})\)((?:(?!\(\d{2,4}\)).)*)/gy
  let end = 0
  for (const match of code.matchAll(pattern)) {
    elements.push({ ai: match[1]!, value: match[2]! })
    end = match.index + match[0].length
  }
  return end === code.length ? elements : undefined
}

/** GS1's character set 82 (§7.11). */
const TEXT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$/

const TEXTS: Readonly<Record<string, 'lot' | 'serial' | 'additionalId' | 'customerPart' | 'orderNumber'>> = {
  '10': 'lot',
  '21': 'serial',
  '240': 'additionalId',
  '241': 'customerPart',
  '400': 'orderNumber',
}
const DATES: Readonly<Record<string, 'producedOn' | 'bestBeforeOn' | 'expiresOn'>> = {
  '11': 'producedOn',
  '15': 'bestBeforeOn',
  '17': 'expiresOn',
}

/** Returns whether the identifier allows the value. */
function take(into: Gs1, { ai, value, currentYear }: Element & { currentYear: number }): boolean {
  const text = TEXTS[ai]
  if (text) {
    into[text] = value
    return value.length <= VARIABLE_LENGTHS[ai]! && TEXT.test(value)
  }
  const date = DATES[ai]
  if (date) {
    const day = dayOf(value, currentYear)
    if (day === undefined) return false
    into[date] = day
    return true
  }
  if (ai === '00') {
    into.sscc = value
    return /^\d{18}$/.test(value) && checkDigit(value.slice(0, -1)) === Number(value.at(-1))
  }
  if (ai === '01' || ai === '02') {
    into.gtin = value
    return value.length === 14 && isGtin(value)
  }
  if (ai === '30' || ai === '37') {
    into.count = Number(value)
    return /^\d{1,8}$/.test(value) && Number(value) > 0
  }
  if (/^310[0-5]$/.test(ai)) {
    into.netWeightKg = Number(value) / 10 ** Number(ai[3])
    return /^\d{6}$/.test(value)
  }
  return true
}

/** YYMMDD as a day; day 00 is the last of its month. Returns undefined if there is no such day. */
function dayOf(text: string, currentYear: number): string | undefined {
  if (!/^\d{6}$/.test(text)) return undefined
  const year = yearOf(Number(text.slice(0, 2)), currentYear)
  const month = Number(text.slice(2, 4))
  if (month < 1 || month > 12) return undefined
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const day = Number(text.slice(4)) || last
  if (day > last) return undefined
  return `${year}-${text.slice(2, 4)}-${String(day).padStart(2, '0')}`
}

/** §7.12: 51 to 99 years in the future means the last century, 50 or more years in the past the next. */
function yearOf(twoDigits: number, currentYear: number): number {
  const century = currentYear - (currentYear % 100)
  const ahead = twoDigits - (currentYear % 100)
  if (ahead >= 51) return century - 100 + twoDigits
  if (ahead <= -50) return century + 100 + twoDigits
  return century + twoDigits
}
