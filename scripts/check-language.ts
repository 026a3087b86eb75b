// The language of what a change adds: no phrase of scripts/phrases.txt in new lines, no commit subject that is too long.
// Existing lines are not checked, and a line that was only moved is not new. Run by `npm run check language`.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The catalogues of German texts are not English. */
const CHECKED = ['*.ts', '*.tsx', '*.md', '*.sql', '*.css', ':(exclude)client/strings/de/*']
const ALLOWED = 'language-ok'
/** `git log --oneline` and web pages cut longer subjects off. */
const SUBJECT_MAX = 72

interface Line {
  file: string
  number: number
  text: string
}

interface Phrase {
  pattern: RegExp
  instead: string
}

const folder = process.cwd()

/** The output of a git command, or undefined if it failed. */
function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 })
  return status === 0 ? stdout : undefined
}

function commitOf(name: string): string | undefined {
  return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`)?.trim()
}

/**
 * The commit that the tree is compared with: CHECK_BASE, else where this branch left origin/main or main. On main itself
 * it is the first parent of the last commit. Returns undefined without history, as in a clone of depth 1.
 * @throws if CHECK_BASE is set and is no commit of this clone
 */
function findBase(): string | undefined {
  const asked = process.env['CHECK_BASE']
  if (asked) {
    const base = commitOf(asked)
    if (base === undefined) throw new Error(`CHECK_BASE=${asked} is not a commit of this clone: fetch it first`)
    return base
  }
  const head = commitOf('HEAD')
  for (const main of ['origin/main', 'main']) {
    const base = git('merge-base', main, 'HEAD')?.trim()
    if (base !== undefined && base !== head) return base
  }
  return commitOf('HEAD^1')
}

/** The lines added since `base`, committed or not. */
function addedLines(base: string): Line[] {
  const added: Line[] = []
  const removed = new Set<string>()
  let file = ''
  let number = 0
  const diff = git('diff', '--no-color', '--no-ext-diff', '--unified=0', '-M', '-l0', base, '--', ...CHECKED) ?? ''
  for (const line of diff.split('\n')) {
    if (line.startsWith('+++ ')) file = line.replace(/^\+\+\+ (b\/)?/, '')
    else if (line.startsWith('--- ')) continue
    else if (line.startsWith('@@')) number = Number(/\+(\d+)/.exec(line)![1])
    else if (line.startsWith('-')) removed.add(line.slice(1).trim())
    else if (line.startsWith('+')) added.push({ file, number: number++, text: line.slice(1) })
  }
  const untracked = git('ls-files', '--others', '--exclude-standard', '-z', '--', ...CHECKED) ?? ''
  for (const path of untracked.split('\0').filter((name) => name !== '')) {
    const lines = readFileSync(join(folder, path), 'utf8').split('\n')
    lines.forEach((text, index) => added.push({ file: path, number: index + 1, text }))
  }
  return added.filter(({ text }) => text.trim() !== '' && !removed.has(text.trim()))
}

function readPhrases(): Phrase[] {
  const lines = readFileSync(resolve(import.meta.dirname, 'phrases.txt'), 'utf8').split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [pattern, instead] = line.split(' => ')
      if (pattern === undefined || instead === undefined) throw new Error(`scripts/phrases.txt: no " => " in ${line}`)
      return { pattern: new RegExp(`\\b${pattern}(?!\\w)`, 'i'), instead }
    })
}

function main(): void {
  if (!existsSync(join(folder, '.git'))) return console.log('language: not a git repository, looked at 0 added lines')
  const base = findBase()
  if (base === undefined) return console.log('language: no earlier commit in this clone, looked at 0 added lines')
  const phrases = readPhrases()
  const lines = addedLines(base)
  const subjects = (git('log', '--no-merges', '--format=%h %s', `${base}..HEAD`) ?? '').split('\n').filter(Boolean)
  const problems = [
    ...lines
      .filter(({ text }) => !text.includes(ALLOWED))
      .flatMap(({ file, number, text }) =>
        phrases.flatMap(({ pattern, instead }) => {
          const found = pattern.exec(text)
          return found ? [`${file}:${number}: "${found[0]}": write ${instead}`] : []
        }),
      ),
    ...subjects
      .map((line) => ({ commit: line.slice(0, line.indexOf(' ')), subject: line.slice(line.indexOf(' ') + 1) }))
      .filter(({ subject }) => [...subject].length > SUBJECT_MAX)
      .map(
        ({ commit, subject }) => `${commit}: a subject of ${[...subject].length} characters: at most ${SUBJECT_MAX}`,
      ),
  ]
  for (const problem of problems) console.log(problem)
  console.log(
    `language: looked at ${lines.length} added lines and ${subjects.length} commit subjects since ${base.slice(0, 10)}`,
  )
  if (problems.length > 0) process.exitCode = 1
}

main()
