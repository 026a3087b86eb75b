// The words and figures a person reads, in their language. `t` reads the language signal, so that whatever rendered
// with it renders again when the language changes.
import { signal } from '@preact/signals'
import { meaningOf } from '#shared/values/refusals.ts'
import type { StringCatalogue, StringKey, Plural, ValuesArgument } from './catalogue.ts'
import { en } from './en.ts'

export type Language = 'en' | 'de'

/** In each language's own words, for the settings screen. */
export const languages: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' }

const STORAGE_KEY = 'stockhand.language'

/** What a refusal's code means: why, and what a person can do. */
export interface Meaning {
  readonly cause: string
  readonly remedy: string
}

interface Words {
  readonly catalogue: StringCatalogue
  readonly meanings: Readonly<Record<string, Meaning>>
}

const loaders: Readonly<Record<Language, () => Promise<Words>>> = {
  // The codes' own catalogue is in English.
  en: () => Promise.resolve({ catalogue: en, meanings: {} }),
  de: async () => {
    const [{ de }, { meaningsDe }] = await Promise.all([import('./de.ts'), import('./meanings-de.ts')])
    return { catalogue: de, meanings: meaningsDe }
  },
}

const current = signal<Words & { language: Language; locale: string }>({
  language: 'en',
  locale: 'en',
  catalogue: en,
  meanings: {},
})

/** Once at boot, before the first render: the kept choice, else the browser's first language that we speak. */
export async function startLanguage(): Promise<void> {
  await use(storedLanguage() ?? languageOf(navigator.languages) ?? 'en')
}

/** The person's choice; `undefined` goes back to what the browser says. Kept on this device. */
export async function chooseLanguage(language: Language | undefined): Promise<void> {
  if (language) localStorage.setItem(STORAGE_KEY, language)
  else localStorage.removeItem(STORAGE_KEY)
  await startLanguage()
}

/** The override, if there is one. */
export function storedLanguage(): Language | undefined {
  const kept = localStorage.getItem(STORAGE_KEY)
  return kept !== null && isLanguage(kept) ? kept : undefined
}

export function currentLanguage(): Language {
  return current.value.language
}

/** For Intl: the browser's own variant (de-AT, en-GB) of the language in use. */
export function currentLocale(): string {
  return current.value.locale
}

/** The sentence for a key, with its holes filled. `t('net.waiting', { count: 3 })` */
export function t<K extends StringKey>(key: K, ...[values]: ValuesArgument<K>): string {
  const { catalogue, locale } = current.value
  const entry: string | Plural = catalogue[key]
  const filling = (values ?? {}) as Readonly<Record<string, string | number>>
  const text = typeof entry === 'string' ? entry : pluralForm(entry, locale, Number(filling['count']))
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = filling[name]
    if (value === undefined) return hole
    return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value
  })
}

/** A code of a newer server is shown as it is. */
export function meaning(code: string): Meaning {
  return current.value.meanings[code] ?? meaningOf(code)
}

async function use(language: Language): Promise<void> {
  const words = await loaders[language]()
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language))
  current.value = { ...words, language, locale: own ?? language }
  document.documentElement.lang = language
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
