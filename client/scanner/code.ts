// Converts what a scanner sent to the code that it read: strips prefix and suffix, strips and stores the AIM
// identifier, and replaces the configured substitute for FNC1 by the group separator (0x1D) that the GS1 parser
// expects.

export type CodeRules = {
  /** Configured on the scanner; stripped if present. */
  readonly prefix: string
  readonly suffix: string
  /** What the scanner sends for FNC1 if it cannot send 0x1D, such as "|" or "{GS}". */
  readonly groupSeparator: string
}

export type Scan = {
  readonly code: string
  /** What the scanner sent, before anything was stripped. */
  readonly raw: string
  readonly symbology?: Symbology
  /** The time of the first character, by the clock of the scan's source, ms. */
  readonly at: number
}

export type Symbology = {
  /** The AIM identifier: "]C1". */
  readonly aim: string
  readonly name: string
  /** The symbol itself says that its content is GS1 element strings. */
  readonly isGs1: boolean
}

const GROUP_SEPARATOR = '\x1d'

const AIM = /^\]([A-Za-z])([0-9A-Za-z])/

const NAMES: Readonly<Record<string, string>> = {
  A: 'Code 39',
  C: 'Code 128',
  d: 'Data Matrix',
  E: 'EAN/UPC',
  e: 'GS1 DataBar',
  F: 'Codabar',
  G: 'Code 93',
  I: 'Interleaved 2 of 5',
  J: 'DotCode',
  L: 'PDF417',
  M: 'MSI',
  Q: 'QR',
  U: 'MaxiCode',
  z: 'Aztec',
}

const GS1_IDENTIFIERS: ReadonlySet<string> = new Set([']C1', ']d2', ']Q3', ']J1', ']e0', ']e1', ']e2'])

export function readCode(raw: string, at: number, { prefix, suffix, groupSeparator }: CodeRules): Scan {
  let code = raw
  if (prefix && code.startsWith(prefix)) code = code.slice(prefix.length)
  if (suffix && code.endsWith(suffix)) code = code.slice(0, -suffix.length)
  const aim = AIM.exec(code)
  if (aim) code = code.slice(aim[0].length)
  if (groupSeparator) code = code.replaceAll(groupSeparator, GROUP_SEPARATOR)
  return aim ? { code, raw, symbology: symbologyOf(aim[0]), at } : { code, raw, at }
}

function symbologyOf(aim: string): Symbology {
  const name = NAMES[aim.charAt(1)] ?? 'other'
  return { aim, name, isGs1: GS1_IDENTIFIERS.has(aim) }
}
