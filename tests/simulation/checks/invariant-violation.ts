/** A promise of docs/decisions and shared/SPEC.md that did not hold. */
export class InvariantViolation extends Error {
  /** The number of the rule: of the eleven of the contract, and two about what people see of them. */
  readonly rule: number

  constructor(rule: number, what: string) {
    super(`rule ${rule} (${RULES[rule]}): ${what}`)
    this.name = 'Broken'
    this.rule = rule
  }
}

/** What must always hold. */
const RULES: Record<number, string> = {
  1: 'every mutation that was shown as saved is in exactly one place',
  2: 'quantities are a function of the set of entries',
  3: 'holding the cursor of a version means holding every visible row up to it',
  4: 'versions are dense, grow, and are never reused',
  5: 'what is displayed never goes back on own writes, and a version is shown whole or not at all',
  6: 'after the faults every device equals the server and every outbox is empty',
  7: 'one poisonous mutation delays no other',
  8: 'no row of another organisation, and none above the role, leaves the server',
  9: 'any crash leaves a repetition at worst, never a hole',
  10: 'this version and the one before understand each other',
  11: 'wrong clocks lose nothing',
  12: 'what the device says of itself is never a lie',
  13: 'one tab leads, and all show the same',
}
