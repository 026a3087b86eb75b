/** A rule of docs/consistency.md or shared/SPEC.md that was broken. */
export class InvariantViolation extends Error {
  /** The number of the rule: 1 to 11 are the invariants of the design, 12 and 13 are about what people see. */
  readonly rule: number

  constructor(rule: number, what: string) {
    super(`rule ${rule} (${RULES[rule]}): ${what}`)
    this.name = 'InvariantViolation'
    this.rule = rule
  }
}

/** The rules, by number. */
const RULES: Record<number, string> = {
  1: 'every mutation that was shown as saved is in exactly one place',
  2: 'quantities are a function of the set of entries',
  3: 'holding the cursor of a version means holding every visible row up to it',
  4: 'versions are dense, increase, and are never reused',
  5: 'the display never goes back on own writes, and a version is shown whole or not at all',
  6: 'after the faults every device equals the server and every outbox is empty',
  7: 'a poisonous mutation does not delay any other',
  8: 'a row of another organisation, or one above the role, never leaves the server',
  9: 'a crash causes a repetition at worst, never a hole',
  10: 'this version and the one before understand each other',
  11: 'wrong clocks do not lose a mutation',
  12: 'what a device reports about itself is true',
  13: 'one tab leads, and all show the same',
}
