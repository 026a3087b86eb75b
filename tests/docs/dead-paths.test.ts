// Fails if documentation, a comment or configuration names a file, folder or heading that does not exist.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, matchesGlob, normalize, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const TOP = [
  'client',
  'server',
  'shared',
  'sql',
  'tests',
  'docs',
  'bench',
  'scripts',
  'monitoring',
  'k8s',
  'functions',
  'tools',
  '.github',
]
/** A path from the root of the repository. A path that ends with `…` is a prefix. */
const PATH = new RegExp(
  `(?<![\\w./#@$\\-…])(?:\\./)?((?:${TOP.join('|').replace('.', '\\.')})/(?:[\\w.*-]|/|\\{[\\w.,*/-]+\\})*)(#[\\w-]+)?(…?)`,
  'g',
)
const LINK = /\]\((?!\w+:)([^)\s#]*)(#[^)\s]*)?\)|(?:src|href)="(?!\w+:)([^"#]+)"/g
/** A file that a page names without its folder. */
const FILE_NAME = /`([\w-]+(?:\.[\w-]+)*\.(?:tsx?|mjs|sql|css))`/g
/** Files that are read as a whole, because their strings are paths. */
const CONFIGURATION =
  /^(package\.json|knip\.jsonc|\.oxlintrc\.json|\.oxfmtrc\.json|\.dockerignore|Dockerfile|docker-compose\.yml|fly.*\.toml|tsconfig\.json|(?:.*\/)?[\w.]+\.config\.ts|\.ci\/.*|\.github\/.*\.yml|monitoring\/.*\.ya?ml|k8s\/.*\.yaml)$/
/** The folders at the start of a glob in the configuration: `{client,server}/**`. */
const GLOB_FOLDERS = /["']\{([\w,]+)\}\//g
/** The paths in a tsconfig.json, relative to its own folder. */
const TSCONFIG_LISTS = /"(?:include|exclude)": \[([^\]]*)\]|"extends": ("[^"]*")/g
const HASH_COMMENTS = /\.(sh|ya?ml|toml)$/

/** Files that a command writes and git ignores, or placeholders for a name. */
const NOT_IN_GIT = ['k8s/overlays/minikube/secrets.env', 'k8s/overlays/digitalocean/secrets.env', 'sql/NNNN_name.sql']
/** Folders that an installation or a build creates. */
const BUILT = ['node_modules', 'dist']
/** Planned folders that are already named. An entry that exists fails the test, so that it gets removed. */
const PLANNED = ['functions']

interface Tree {
  files: string[]
  read: (path: string) => string
}

/** The part of a file that is checked: pages and configuration as a whole, otherwise the comments. */
function textOf(path: string, text: string): string {
  if (path.endsWith('.md') || CONFIGURATION.test(path)) return text
  if (/\.(tsx?|mjs|css)$/.test(path)) {
    return [...text.matchAll(/^[ \t]*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*/gm)].map(([comment]) => comment).join('\n')
  }
  if (path.endsWith('.sql')) return [...text.matchAll(/--.*/g)].map(([comment]) => comment).join('\n')
  if (HASH_COMMENTS.test(path)) return [...text.matchAll(/#.*/g)].map(([comment]) => comment).join('\n')
  return ''
}

/** The anchors of a page's headings, as GitHub generates them. */
function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

class Checker {
  readonly #tree: Tree
  readonly #files: Set<string>
  readonly #folders: Set<string>

  constructor(tree: Tree) {
    this.#tree = tree
    this.#files = new Set(tree.files)
    this.#folders = new Set()
    for (const file of tree.files)
      for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) this.#folders.add(folder)
  }

  exists(path: string): boolean {
    if (path === '' || path === '.') return true
    if (
      NOT_IN_GIT.some((name) => matchesGlob(name, path)) ||
      PLANNED.some((name) => path === name || path.startsWith(`${name}/`))
    )
      return true
    if (/[*{]/.test(path)) return this.#tree.files.some((file) => matchesGlob(file, path)) || this.#folderMatches(path)
    return this.#files.has(path) || this.#folders.has(path)
  }

  #folderMatches(glob: string): boolean {
    return [...this.#folders].some((folder) => matchesGlob(folder, glob))
  }

  #hasAnchor(path: string, anchor: string): boolean {
    return !path.endsWith('.md') || !this.#files.has(path) || anchorsOf(this.#tree.read(path)).includes(anchor)
  }

  /** The dead paths of one file, as written there. */
  deadPathsIn(file: string): string[] {
    const text = textOf(file, this.#tree.read(file))
    const dead: string[] = []
    for (const [written, path, anchor, cut] of text.matchAll(PATH)) {
      const clean = path!.replace(/[.*]*[./]+$/, '')
      const exists = cut === '' ? this.exists(clean) : this.#startsWith(path!)
      if (!exists || (anchor !== undefined && !this.#hasAnchor(clean, anchor.slice(1)))) dead.push(written)
    }
    if (file.endsWith('.md')) dead.push(...this.#deadLinks(file, text))
    if (file.endsWith('tsconfig.json')) dead.push(...this.#deadTsconfigEntries(file))
    if (CONFIGURATION.test(file))
      for (const [, folders] of text.matchAll(GLOB_FOLDERS))
        dead.push(...folders!.split(',').filter((folder) => !this.exists(folder)))
    return dead
  }

  #deadTsconfigEntries(file: string): string[] {
    return [...this.#tree.read(file).matchAll(TSCONFIG_LISTS)]
      .flatMap(([, list, base]) => (list ?? base!).match(/[^",\s]+/g) ?? [])
      .filter((entry) => !BUILT.includes(entry) && !this.exists(normalize(join(dirname(file), entry))))
  }

  #startsWith(prefix: string): boolean {
    return this.#tree.files.some((name) => name.startsWith(prefix))
  }

  #deadLinks(file: string, text: string): string[] {
    const dead: string[] = []
    for (const [written, to = '', anchor, source] of text.matchAll(LINK)) {
      const target = source ?? to
      const path = target === '' ? file : normalize(join(dirname(file), target)).replace(/\/$/, '')
      const exists = this.exists(path)
      if (!exists || (anchor !== undefined && !this.#hasAnchor(path, anchor.slice(1)))) dead.push(written)
    }
    for (const [written, name] of text.matchAll(FILE_NAME))
      if (!this.#tree.files.some((path) => path.split('/').pop() === name)) dead.push(written)
    return dead
  }

  /** Folders in the drawn tree of a page that do not exist. A deeper indent is a level down. */
  deadFoldersIn(drawing: string): string[] {
    const dead: string[] = []
    const open: { indent: number; path: string }[] = []
    for (const line of drawing.split('\n')) {
      const [, spaces, names] = /^( +)((?:[\w.-]+\/ *)+)/.exec(line) ?? []
      if (spaces === undefined || names === undefined) continue
      while (open.length > 0 && open.at(-1)!.indent >= spaces.length) open.pop()
      const parent = open.at(-1)?.path
      const paths = names.match(/[\w.-]+(?=\/)/g)!.map((name) => (parent === undefined ? name : `${parent}/${name}`))
      dead.push(...paths.filter((path) => !this.exists(path)))
      open.push({ indent: spaces.length, path: paths[0]! })
    }
    return dead
  }
}

function repository(): Tree {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z']
  const files = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0')
  return {
    files: files.filter((file) => file !== '' && existsSync(join(ROOT, file))),
    read: (path) => readFileSync(join(ROOT, path), 'utf8'),
  }
}

const isReadable = (file: string) => /\.(md|tsx?|mjs|css|sql|jsonc?|ya?ml|toml|sh)$|^[\w.]+$|^\.ci\//.test(file)

function deadPaths(tree: Tree): string[] {
  const checker = new Checker(tree)
  return tree.files
    .filter((file) => isReadable(file) && !file.endsWith('package-lock.json'))
    .flatMap((file) => checker.deadPathsIn(file).map((path) => `${file}: ${path}`))
}

test('documentation, comments and configuration name only paths that exist', () => {
  const tree = repository()
  expect(tree.files.length).toBeGreaterThan(300)
  expect(deadPaths(tree)).toEqual([])
})

test('every pattern of .dependency-cruiser.mjs matches a file', async () => {
  const { files } = repository()
  const { default: configuration } = (await import(join(ROOT, '.dependency-cruiser.mjs'))) as { default: unknown }
  const patterns = new Set(JSON.stringify(configuration).match(/"\^\(?(?:client|server|shared|tests|bench)[^"]*"/g))
  expect(patterns.size).toBeGreaterThan(15)
  const dead = [...patterns].flatMap((quoted) => {
    const pattern = JSON.parse(quoted) as string
    // $1 is the group of the rule's other end.
    const alternatives = expand(pattern).filter((one) => !one.includes('$1'))
    return alternatives.filter((one) => {
      const folder = /^\^([\w-]+)/.exec(one)?.[1] ?? ''
      return !PLANNED.includes(folder) && !files.some((file) => new RegExp(one).test(file))
    })
  })
  expect(dead).toEqual([])
})

/** A pattern once for each alternative of its groups: `^a/(b|c)/` → `^a/b/`, `^a/c/`. */
function expand(pattern: string): string[] {
  const group = /\(([\w|-]+)\)/.exec(pattern)
  if (!group) return [pattern]
  return group[1]!.split('|').flatMap((one) => expand(pattern.replace(group[0], one)))
}

test('the tree drawn in docs/architecture.md has only folders that exist', () => {
  const tree = repository()
  const drawing = tree
    .read('docs/architecture.md')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .join('\n')
  expect(drawing).toContain('    client/')
  expect(new Checker(tree).deadFoldersIn(drawing)).toEqual([])
})

test('planned folders do not exist yet', () => {
  expect(PLANNED.filter((path) => existsSync(join(ROOT, path)))).toEqual([])
})

const PLANTED_PAGE = `# Page

## Here

[a](gone.md) [b](#here) [c](#there) [d](../server/planted/here.ts) https://example.com/docs/x
\`server/*/here.ts\` \`server/*/gone.ts\` \`here.ts\` \`gone.ts\`
`

test('a dead path is found wherever it is written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockhand-docs-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  try {
    write('server/planted/here.ts', '// See server/planted/gone.ts and `docs/page.md#here`, docs/page.md#nowhere.\n')
    write('client/planted.tsx', "/** Drawn by client/gone.tsx. */\nimport 'client/code.ts' // server/ is there\n")
    write('client/planted.css', '/* client/ui/gone.css */\n')
    write('sql/0001_begin.sql', '-- sql/0001_begin.sql and sql/0002_gone.sql, not sql/0001_…\n')
    write('docs/page.md', PLANTED_PAGE)
    write('docs/architecture.md', '    server/\n      planted/  a folder\n      gone/  http/\n')
    write('knip.jsonc', '{ "entry": ["server/planted/here.ts", "server/gone.ts", "{client,server}/**/*.ts"] }\n')
    write('client/tsconfig.json', '{ "include": [".", "../server", "../tests/gone"], "exclude": ["gone", "dist"] }\n')
    write('vite.config.ts', "export const include = ['{client,gone}/**/*.ts']\n")
    write('vitest.config.ts', "export const setup = 'tests/gone.ts'\n")
    write('Dockerfile', 'COPY server/gone ./\n')
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    const tree: Tree = { files, read: (path) => readFileSync(join(folder, path), 'utf8') }
    expect(deadPaths(tree).sort()).toEqual([
      'Dockerfile: server/gone',
      'client/planted.css: client/ui/gone.css',
      'client/planted.tsx: client/gone.tsx.',
      'client/tsconfig.json: ../tests/gone',
      'client/tsconfig.json: gone',
      'docs/page.md: ](#there)',
      'docs/page.md: ](gone.md)',
      'docs/page.md: `gone.ts`',
      'docs/page.md: server/*/gone.ts',
      'knip.jsonc: server/gone.ts',
      'server/planted/here.ts: docs/page.md#nowhere',
      'server/planted/here.ts: server/planted/gone.ts',
      'sql/0001_begin.sql: sql/0002_gone.sql',
      'vite.config.ts: gone',
      'vitest.config.ts: tests/gone.ts',
    ])
    expect(new Checker(tree).deadFoldersIn(tree.read('docs/architecture.md'))).toEqual(['server/gone', 'server/http'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
