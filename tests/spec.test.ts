// Compares SPEC.md with the tests: every rule has a test and an "Enforced by" entry whose files exist, and no test names
// an unknown rule.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const SPEC = readFileSync('shared/SPEC.md', 'utf8')
const RULE = /^- \*\*([A-Z]\d+)\*\*/gm
/** The last line of a rule. */
const ENFORCED_BY = /\n {2}Enforced by `([^`]+)`; test `([^`]+)`\.$/
/** The comment at the start of a module: `Keeps L1–L6, T1.` */
const KEEPS = /Keeps ((?:[A-Z]\d+(?:–[A-Z]\d+)?(?:, )?)+)/g
const TITLE = /(?:test|it|(?:test|it)\.\w+\([^\n]*?\))\(\s*['"`]((?:\[[A-Z]\d+\])+)/g

function rules(spec = SPEC): string[] {
  return [...spec.matchAll(RULE)].map((match) => match[1]!)
}

/** The rules that the titles of a test file start with. */
function rulesNamedIn(text: string): string[] {
  return [...text.matchAll(TITLE)].flatMap(([, brackets]) => brackets!.match(/[A-Z]\d+/g)!)
}

/** What is wrong with the "Enforced by" entries of a spec. `read` returns undefined if there is no such file. */
function findEntryErrors(spec: string, read: (path: string) => string | undefined): string[] {
  const chapters = spec.split(/^(?=- \*\*[A-Z]\d|## )/m).filter((part) => part.startsWith('- **'))
  return chapters.flatMap((part) => {
    const [rule] = rules(part)
    const [, source, tests] = ENFORCED_BY.exec(part.trimEnd()) ?? []
    if (source === undefined || tests === undefined) return [`${rule} has no "Enforced by" entry`]
    const text = read(tests)
    return [
      ...(read(source) === undefined ? [`${rule} names ${source}, which does not exist`] : []),
      ...(text === undefined ? [`${rule} names ${tests}, which does not exist`] : []),
      ...(text !== undefined && !rulesNamedIn(text).includes(rule!) ? [`${tests} has no test titled [${rule}]`] : []),
    ]
  })
}

function filesOf(...patterns: string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', ...patterns]
  const files = execFileSync('git', args, { encoding: 'utf8' }).split('\n')
  return files.filter((file) => /\.tsx?$/.test(file) && existsSync(file))
}

function rulesInTests(): Set<string> {
  const named = new Set<string>()
  for (const file of filesOf('*.test.ts', '*.test.tsx', 'tests/conformance/suite.ts', 'tests/e2e/*.ts')) {
    for (const rule of rulesNamedIn(readFileSync(file, 'utf8'))) named.add(rule)
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

test('every rule has an "Enforced by" entry, and its files exist and prove it', () => {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  expect(findEntryErrors(SPEC, read)).toEqual([])
})

test('an entry that is missing, names no file or names a test of another rule is found', () => {
  const files: Record<string, string> = { 'a.ts': '', 'a.test.ts': `${'test'}('[X3][X4] adds', () => {})` }
  const spec = [
    '## X: a chapter\n\n- **X1** One.\n- **X2** Two.\n  Enforced by `b.ts`; test `b.test.ts`.',
    '- **X3** Three.\n  Enforced by `a.ts`; test `a.test.ts`.',
    '- **X4** Four.\n  Enforced by `a.ts`; test `a.test.ts`.',
    '- **X5** Five.\n  Enforced by `a.ts`; test `a.test.ts`.\n\n## Y: the next\n',
  ].join('\n')
  expect(findEntryErrors(spec, (path) => files[path])).toEqual([
    'X1 has no "Enforced by" entry',
    'X2 names b.ts, which does not exist',
    'X2 names b.test.ts, which does not exist',
    'a.test.ts has no test titled [X5]',
  ])
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

test('the rules of a chapter are in the order of their numbers', () => {
  const inOrder = rules().toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  for (const chapter of new Set(rules().map((rule) => rule[0]!))) {
    const of = (all: string[]) => all.filter((rule) => rule.startsWith(chapter))
    expect(of(rules())).toEqual(of(inOrder))
  }
})
