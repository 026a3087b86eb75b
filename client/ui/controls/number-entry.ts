// The text that the keys of a number pad produce: digits with at most `decimals` after the point. Pure.

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | 'point' | 'delete' | 'clear'

/** `text` has "." as the decimal point in every language. */
export type NumberEntry = { readonly text: string; readonly touched: boolean }

export type Bounds = { readonly decimals: number; readonly max: number }

export function startEntry(): NumberEntry {
  return { text: '', touched: false }
}

/** A key that would exceed the bounds is ignored. */
export function pressKey(entry: NumberEntry, key: PadKey, { decimals, max }: Bounds): NumberEntry {
  if (key === 'clear') return { text: '', touched: true }
  if (key === 'delete') return { text: entry.touched ? entry.text.slice(0, -1) : '', touched: true }
  if (key === 'point') {
    if (decimals === 0 || entry.text.includes('.')) return entry
    return { text: `${entry.text || '0'}.`, touched: true }
  }
  const text = entry.text === '0' ? key : entry.text + key
  const fraction = text.split('.')[1] ?? ''
  const next = { text, touched: true }
  return fraction.length > decimals || thousandthsOf(next) > max ? entry : next
}

export function thousandthsOf(entry: NumberEntry): number {
  return Math.round(Number(entry.text || '0') * 1000)
}

/** The text as the person enters it: "1," stays "1,". */
export function formatEntry(entry: NumberEntry, decimalSign: string): string {
  return entry.text.replace('.', decimalSign)
}
