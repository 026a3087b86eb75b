// SPEC.md and the tests hold each other: no rule without a test, no test of a rule that is not there.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const RULE = /^- \*\*([A-Z]\d+)\*\*/gm
/** What a module says of itself: `Keeps L1–L6, T1.` */
const KEEPS = /Keeps ((?:[A-Z]\d+(?:–[A-Z]\d+)?(?:, )?)+)/g
const TITLE = /(?:test|it|test\.prop\(.*?\))\(\s*['"`]((?:\[[A-Z]\d+\])+)/g

function rules(): string[] {
  return [...readFileSync('shared/SPEC.md', 'utf8').matchAll(RULE)].map((match) => match[1]!)
}

function filesOf(...patterns: string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', ...patterns]
  const files = execFileSync('git', args, { encoding: 'utf8' }).split('\n')
  return files.filter((file) => /\.tsx?$/.test(file) && existsSync(file))
}

function rulesInTests(): Set<string> {
  const named = new Set<string>()
  for (const file of filesOf('*.test.ts', '*.test.tsx', 'tests/conformance/suite.ts', 'tests/e2e/*.ts')) {
    for (const [, brackets] of readFileSync(file, 'utf8').matchAll(TITLE)) {
      for (const [, rule] of brackets!.matchAll(/\[([A-Z]\d+)\]/g)) named.add(rule!)
    }
  }
  return named
}

test('every rule of SPEC.md has a test that names it', () => {
  const named = rulesInTests()
  expect(rules().length).toBeGreaterThan(60)
  expect(rules().filter((rule) => !named.has(rule))).toEqual([])
})

test('every test that names a rule names one of SPEC.md', () => {
  const known = new Set(rules())
  expect([...rulesInTests()].filter((rule) => !known.has(rule))).toEqual([])
})

test('every module that says which rules it keeps names rules of SPEC.md', () => {
  const known = rules()
  const unknown: string[] = []
  let kept = 0
  for (const file of filesOf('client', 'server', 'shared')) {
    for (const [, list] of readFileSync(file, 'utf8').matchAll(KEEPS)) {
      for (const [, first, last = first] of list!.matchAll(/([A-Z]\d+)(?:–([A-Z]\d+))?/g)) {
        kept += 1
        if (!known.includes(first!) || !known.includes(last!)) unknown.push(`${file}: ${first}–${last}`)
      }
    }
  }
  expect(unknown).toEqual([])
  expect(kept).toBeGreaterThan(60)
})

test('the rules of a chapter stand in the order of their numbers', () => {
  const inOrder = rules().toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  for (const chapter of new Set(rules().map((rule) => rule[0]!))) {
    const of = (all: string[]) => all.filter((rule) => rule.startsWith(chapter))
    expect(of(rules())).toEqual(of(inOrder))
  }
})
