// The texts of the app in the current language. `t` reads a signal, so components that call it render again when the
// language changes.
import { signal } from '@preact/signals'
import type { Meaning } from '#shared/values/refusals.ts'
import type { CoreStrings, OtherStrings, Plural, StringCatalogue, StringKey, ValuesArgument } from './catalogue.ts'
import { core as english } from './en/core.ts'

export type Language = 'en' | 'de'

/** The name of each language in that language, for the settings screen. */
export const languages: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' }

const STORAGE_KEY = 'stockhand.language'

/** Loaded after the first screen: all other texts, and the meanings of refusals and reviews. */
interface LaterStrings {
  rest: OtherStrings
  meaningOf: (code: string) => Meaning
}

interface Loaders {
  core: () => Promise<CoreStrings>
  later: () => Promise<LaterStrings>
}

const loaders: Readonly<Record<Language, Loaders>> = {
  en: {
    core: () => Promise.resolve(english),
    later: async () => {
      const [{ rest }, { meaningOf }] = await Promise.all([
        import('./en/rest.ts'),
        import('#shared/values/refusals.ts'),
      ])
      return { rest, meaningOf }
    },
  },
  de: {
    core: () => import('./de/core.ts').then(({ core }) => core),
    later: async () => {
      const [{ rest }, { meaningOf }] = await Promise.all([import('./de/rest.ts'), import('./de/meanings.ts')])
      return { rest, meaningOf }
    },
  },
}

interface Current {
  language: Language
  locale: string
  catalogue: CoreStrings & Partial<StringCatalogue>
  meaningOf: (code: string) => Meaning
}

const codeAlone = (code: string): Meaning => ({ cause: code, remedy: '' })

const current = signal<Current>({ language: 'en', locale: 'en', catalogue: english, meaningOf: codeAlone })

/** Called before the first render. Uses the stored choice, else the first language of the browser that the app has. */
export async function startLanguage(): Promise<void> {
  const language = chosenLanguage()
  use(language, await loaders[language].core())
  document.documentElement.lang = language
}

/** Loads all texts of the current language. Every screen except the scan screen needs them. */
export async function loadAllStrings(): Promise<void> {
  const { language, meaningOf, catalogue } = current.peek()
  if (meaningOf !== codeAlone) return
  const later = await loaders[language].later()
  if (current.peek().language === language) use(language, catalogue, later)
}

/** Stores the person's choice on this device. `undefined` follows the browser again. */
export async function chooseLanguage(choice: Language | undefined): Promise<void> {
  if (choice) localStorage.setItem(STORAGE_KEY, choice)
  else localStorage.removeItem(STORAGE_KEY)
  const language = chosenLanguage()
  const [core, later] = await Promise.all([loaders[language].core(), loaders[language].later()])
  use(language, core, later)
  document.documentElement.lang = language
}

function chosenLanguage(): Language {
  return storedLanguage() ?? languageOf(navigator.languages) ?? 'en'
}

function use(language: Language, core: CoreStrings, later?: LaterStrings): void {
  const own = globalThis.navigator?.languages?.find((tag) => tag.toLowerCase().startsWith(language))
  const catalogue = { ...core, ...later?.rest }
  current.value = { language, locale: own ?? language, catalogue, meaningOf: later?.meaningOf ?? codeAlone }
}

/** The stored choice, if there is one. */
export function storedLanguage(): Language | undefined {
  const stored = localStorage.getItem(STORAGE_KEY)
  return stored !== null && isLanguage(stored) ? stored : undefined
}

export function currentLanguage(): Language {
  return current.value.language
}

/** The browser's variant (de-AT, en-GB) of the current language, for Intl. */
export function currentLocale(): string {
  return current.value.locale
}

/** The text of a key with its values: `t('net.waiting', { count: 3 })`. */
export function t<K extends StringKey>(key: K, ...[values]: ValuesArgument<K>): string {
  const { catalogue, locale } = current.value
  const entry: string | Plural | undefined = catalogue[key]
  if (entry === undefined) return '' // rendered again when all texts are loaded
  const filling = (values ?? {}) as Readonly<Record<string, string | number>>
  const text = typeof entry === 'string' ? entry : pluralForm(entry, locale, Number(filling['count']))
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = filling[name]
    if (value === undefined) return hole
    return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value
  })
}

/** The cause and the remedy of a code. A code of a newer server is shown as it is. */
export function meaning(code: string): Meaning {
  return current.value.meaningOf(code)
}

function pluralForm(plural: Plural, locale: string, count: number): string {
  return plural[new Intl.PluralRules(locale).select(count)] ?? plural.other
}

export function languageOf(tags: readonly string[]): Language | undefined {
  for (const tag of tags) {
    const base = tag.toLowerCase().split('-')[0]
    if (base !== undefined && isLanguage(base)) return base
  }
  return undefined
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(languages, text)
}
