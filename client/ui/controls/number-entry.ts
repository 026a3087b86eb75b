// What the keys of a number pad make: digits with at most `decimals` behind the point. Pure, so that it can be tested.

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | 'point' | 'delete' | 'clear'

/** `text` has "." for the point whatever the language. */
export type NumberEntry = { readonly text: string; readonly touched: boolean }

export type Bounds = { readonly decimals: number; readonly max: number }

export function startEntry(): NumberEntry {
  return { text: '', touched: false }
}

/** A key that would break the bounds changes nothing. */
export function pressKey(entry: NumberEntry, key: PadKey, { decimals, max }: Bounds): NumberEntry {
  if (key === 'clear') return { text: '', touched: true }
  if (key === 'delete') return { text: entry.touched ? entry.text.slice(0, -1) : '', touched: true }
  if (key === 'point') {
    if (decimals === 0 || entry.text.includes('.')) return entry
    return { text: `${entry.text || '0'}.`, touched: true }
  }
  const text = entry.text === '0' ? key : entry.text + key
  const behind = text.split('.')[1] ?? ''
  const next = { text, touched: true }
  return behind.length > decimals || thousandthsOf(next) > max ? entry : next
}

export function thousandthsOf(entry: NumberEntry): number {
  return Math.round(Number(entry.text || '0') * 1000)
}

/** As the person writes it, while they write it: "1," stays "1,". */
export function writeEntry(entry: NumberEntry, decimalSign: string): string {
  return entry.text.replace('.', decimalSign)
}
