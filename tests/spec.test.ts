// SPEC.md and the tests hold each other: no rule without a test, no test of a rule that is not there.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const RULE = /^- \*\*([A-Z]\d+)\*\*/gm
const TITLE = /(?:test|it|test\.prop\(.*?\))\(\s*['"`]((?:\[[A-Z]\d+\])+)/g

function rules(): string[] {
  return [...readFileSync('shared/SPEC.md', 'utf8').matchAll(RULE)].map((match) => match[1]!)
}

function rulesInTests(): Set<string> {
  const files = execFileSync(
    'git',
    [
      'ls-files',
      '--cached',
      '--others',
      '--exclude-standard',
      '*.test.ts',
      '*.test.tsx',
      'tests/conformance/suite.ts',
      'tests/e2e/*.ts',
    ],
    { encoding: 'utf8' },
  )
  const named = new Set<string>()
  for (const file of files.split('\n').filter(Boolean)) {
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
