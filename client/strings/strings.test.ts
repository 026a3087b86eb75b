// Texts: plurals, placeholders, and numbers in the format of the language.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { core as coreDe } from './de/core.ts'
import { rest as restDe } from './de/rest.ts'
import { core } from './en/core.ts'
import { rest } from './en/rest.ts'
import { formatAgo, formatQuantity, parseQuantity } from './figures.ts'
import { chooseLanguage, currentLanguage, languageOf, startLanguage, t } from './strings.ts'

const en = { ...core, ...rest }
const de = { ...coreDe, ...restDe }
const storage = new Map<string, string>()

beforeEach(async () => {
  vi.stubGlobal('navigator', { languages: ['fr-FR', 'en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  })
  await startLanguage()
})

afterEach(() => {
  storage.clear()
  vi.unstubAllGlobals()
})

test('the first supported language of the browser is used', () => {
  expect(currentLanguage()).toBe('en')
  expect(languageOf(['sv', 'de-AT'])).toBe('de')
  expect(languageOf(['sv'])).toBeUndefined()
})

test('a chosen language survives a restart, and choosing none undoes it', async () => {
  await chooseLanguage('de')
  await startLanguage()
  expect(t('nav.stock')).toBe('Bestand')
  await chooseLanguage(undefined)
  expect(t('nav.stock')).toBe('Stock')
})

test('a plural is chosen by the count, which has the format of the language', async () => {
  expect(t('ui.rows', { count: 1 })).toBe('1 row')
  expect(t('ui.rows', { count: 1200 })).toBe('1,200 rows')
  await chooseLanguage('de')
  expect(t('ui.rows', { count: 1200 })).toBe('1.200 Zeilen')
})

test('every placeholder of an English text is in the German one', () => {
  const holes = (entry: unknown) => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g))].toSorted()
  for (const key of Object.keys(en) as (keyof typeof en)[]) expect(holes(de[key]), key).toEqual(holes(en[key]))
})

test('quantities are thousandths, shown with the unit’s decimals and never rounded', async () => {
  expect(formatQuantity(-3000)).toBe('−3')
  expect(formatQuantity(3000, { signed: true })).toBe('+3')
  expect(formatQuantity(1500, { decimals: 2, unit: 'kg' })).toBe('1.50\u00a0kg')
  expect(formatQuantity(1_234_567)).toBe('1,234.567')
  await chooseLanguage('de')
  expect(formatQuantity(1_234_500)).toBe('1.234,5')
})

test('typed quantities use the decimal sign of the language', async () => {
  expect(parseQuantity('1.5')).toBe(1500)
  expect(parseQuantity('1,234.5')).toBe(1_234_500)
  expect(parseQuantity('−2')).toBe(-2000)
  expect(parseQuantity('1.2345')).toBeUndefined()
  expect(parseQuantity('two')).toBeUndefined()
  expect(parseQuantity('')).toBeUndefined()
  await chooseLanguage('de')
  expect(parseQuantity('1,5')).toBe(1500)
  expect(parseQuantity('1.234')).toBe(1_234_000)
})

test('the time since is written in words', () => {
  expect(formatAgo(0, 180_000)).toBe('3 minutes ago')
  expect(formatAgo(0, 2 * 86_400_000)).toBe('2 days ago')
})

test('the modules that are loaded first use only core texts', () => {
  const files = loadedAtFirst('client/main.tsx', 'client/app/signed-in.tsx')
  expect(files).toContain('client/screens/scan/scan.tsx')
  expect(files).not.toContain('client/screens/home/home.tsx')
  const missing = [...files].flatMap((file) =>
    keysIn(readFileSync(file, 'utf8')).flatMap((key) => (key in rest ? [`${file}: ${key}`] : [])),
  )
  expect(missing).toEqual([])
})

/** The modules that these import, except by import(). */
function loadedAtFirst(...entries: string[]): Set<string> {
  const found = new Set<string>()
  const queue = [...entries]
  while (queue.length > 0) {
    const file = queue.pop()!
    if (found.has(file) || !/\.tsx?$/.test(file)) continue
    found.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(/^import (?!type )(?:[^'"]*? from )?'([^']+)'/gm)
    for (const [, path = ''] of imports) {
      if (path.startsWith('.')) queue.push(join(dirname(file), path))
    }
  }
  return found
}

/** Complete keys. Composed ones (`mode.${mode}`) have their own area in the core. */
function keysIn(text: string): string[] {
  return [...text.matchAll(/'([a-z]\w*\.\w+)'/gi)].map(([, key = '']) => key)
}
