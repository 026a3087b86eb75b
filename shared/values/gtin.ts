// GTINs: GS1 General Specifications §7.9 (check digit) and §3.3.2 (GTIN-8, -12, -13 and -14 in a field of 14 digits).

/** Returns whether these are 8, 12, 13 or 14 digits that end with their modulo-10 check digit. */
export function isGtin(code: string): boolean {
  if (!/^(\d{8}|\d{12,14})$/.test(code)) return false
  return checkDigit(code.slice(0, -1)) === Number(code.at(-1))
}

/** The check digit of a GTIN's other digits: weights 3 and 1 in turn, from the right. */
export function checkDigit(digits: string): number {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const weight = (digits.length - i) % 2 === 1 ? 3 : 1
    sum += Number(digits[i]) * weight
  }
  return (10 - (sum % 10)) % 10
}

/** The form in which a barcode is stored and looked up: a GTIN left-padded to 14 digits, any other code as it is. */
export function canonicalCode(code: string): string {
  return isGtin(code) ? code.padStart(14, '0') : code
}

/** The form that people know: without the padding of `canonicalCode`, but never shorter than printed. */
export function printedCode(code: string): string {
  if (code.length !== 14 || !isGtin(code)) return code
  if (code.startsWith('000000')) return code.slice(6)
  if (code.startsWith('0')) return code.slice(1)
  return code
}
