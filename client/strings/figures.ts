// Formats numbers, quantities (integers of thousandths), dates and times for the current language, with Intl. The minus
// sign is the typographic one, so that columns of figures line up.
import { toThousandths, toUnits } from '#shared/values/quantity.ts'
import { currentLocale } from './strings.ts'

const MINUS = '−'

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function cached<F extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  kind: string,
  options: object,
  make: (locale: string) => F,
): F {
  const locale = currentLocale()
  const key = `${kind} ${locale} ${JSON.stringify(options)}`
  const known = cache.get(key)
  if (known) return known as F
  const made = make(locale)
  cache.set(key, made)
  return made
}

export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  const format = cached('number', options, (locale) => new Intl.NumberFormat(locale, options))
  return format.format(value).replace('-', MINUS)
}

/**
 * Thousandths to text: 1500 → "1.5". `decimals` (the unit's, 0–3) pads: 1500 with 2 → "1.50"; digits that the unit does
 * not have are still shown rather than rounded away. `signed` shows "+" as well, for changes.
 */
export function formatQuantity(
  thousandths: number,
  { decimals = 0, signed = false, unit }: { decimals?: number; signed?: boolean; unit?: string } = {},
): string {
  const text = formatNumber(toUnits(thousandths), {
    minimumFractionDigits: decimals,
    maximumFractionDigits: 3,
    signDisplay: signed ? 'exceptZero' : 'negative',
  })
  return unit ? `${text}\u00a0${unit}` : text
}

/** Parses a typed quantity ("1,5" in German, "1.5" in English) to thousandths. Returns undefined if it is not one. */
export function parseQuantity(text: string): number | undefined {
  const sign = decimalSign()
  const plain = text
    .trim()
    .replaceAll(MINUS, '-')
    .replaceAll(/[\s\u00a0\u202f'’]/g, '')
  const grouped = sign === ',' ? /^-?\d{1,3}(\.\d{3})+(?=,|$)/ : /^-?\d{1,3}(,\d{3})+(?=\.|$)/
  const whole = grouped.test(plain) ? plain.replaceAll(sign === ',' ? '.' : ',', '') : plain
  const standard = whole.replace(',', '.')
  return /^-?(\d+\.?\d{0,3}|\.\d{1,3})$/.test(standard) ? toThousandths(Number(standard)) : undefined
}

/** The decimal sign of the current language. */
export function decimalSign(): string {
  const format = cached('number', {}, (locale) => new Intl.NumberFormat(locale))
  return format.formatToParts(1.5).find((part) => part.type === 'decimal')?.value ?? '.'
}

/** "10:42", or with seconds if the order within a minute matters. */
export function formatTime(at: number, { seconds = false }: { seconds?: boolean } = {}): string {
  return formatAt(at, { timeStyle: seconds ? 'medium' : 'short' })
}

export function formatDateTime(at: number): string {
  return formatAt(at, { dateStyle: 'medium', timeStyle: 'short' })
}

/** The time if it is today, else the date and time. */
export function formatMoment(at: number, now: number): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? formatTime(at) : formatDateTime(at)
}

/** "3 minutes ago", "in 2 days". */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  const format = cached('ago', {}, (locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  for (const [unit, size] of AGO_UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  }
  return format.format(seconds, 'second')
}

const AGO_UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

function formatAt(at: number, options: Intl.DateTimeFormatOptions): string {
  return cached('date', options, (locale) => new Intl.DateTimeFormat(locale, options)).format(at)
}
