// Folds a text so that names can be compared with what people type: without case, accents, wide forms, apostrophes and
// hyphens. After Unicode Standard Annex #15 (NFKD), plus the letters that have no decomposition.

/** Letters that Unicode does not decompose, and their usual spelling without them. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'n',
  ı: 'i',
  ĸ: 'k',
}
const UNDECOMPOSED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu')
const NOT_ASCII = /\P{ASCII}/u
const MARKS = /\p{M}/gu
/** Apostrophes, quotation marks that stand for one, hyphens and dashes. */
const JOINERS = /['`´ʹʻʼʽ‘’‛′＇\-‐‑‒–—−﹣－]/gu

/** Without case, accents, ligatures and wide forms. Apostrophes and hyphens stay. */
export function foldLetters(text: string): string {
  const lower = text.toLowerCase()
  if (!NOT_ASCII.test(lower)) return lower
  // Some marks and letters only appear after the decomposition, so the case is folded again.
  const plain = lower.normalize('NFKD').replace(MARKS, '').toLowerCase()
  return plain.replace(UNDECOMPOSED, (letter) => LETTERS[letter]!)
}

/** A text to search in: `AB-1234` becomes `ab1234`, `L’Oréal` becomes `loreal`. */
export function foldText(text: string): string {
  return foldLetters(text).replace(JOINERS, '')
}

/**
 * The words of a query. A word with apostrophes or hyphens becomes its parts, which are found in a folded text whether it
 * is written together, with a hyphen or as two words.
 */
export function foldQuery(query: string): string[] {
  return foldLetters(query).replace(JOINERS, ' ').split(/\s+/).filter(Boolean)
}
