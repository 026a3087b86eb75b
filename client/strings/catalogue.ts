// The type of a catalogue: the keys of the English one, and the values that each text needs. Every other language is
// checked against it: a missing key, or a plural instead of a text, does not compile.
import type { core } from './en/core.ts'
import type { rest } from './en/rest.ts'

type English = typeof core & typeof rest

export type StringKey = keyof English

/** Forms by Intl.PluralRules category; `other` is always there. `count` chooses. */
export type Plural = { readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string }

type Translated<Texts> = { readonly [K in keyof Texts]: Texts[K] extends string ? string : Plural }

export type CoreStrings = Translated<typeof core>
export type OtherStrings = Translated<typeof rest>
export type StringCatalogue = CoreStrings & OtherStrings

type Holes<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never

type HolesOf<Entry> = Entry extends string ? Holes<Entry> : 'count' | Holes<Entry[keyof Entry]>

/** The values for the placeholders. Numbers get the format of the language; pass quantities as text. */
export type Values<K extends StringKey> = { readonly [Name in HolesOf<English[K]> as Name & string]: ValueOf<Name> }

type ValueOf<Name> = Name extends 'count' ? number : string | number

/** The second argument of `t`: required if the text has placeholders, else absent. */
export type ValuesArgument<K extends StringKey> = [HolesOf<English[K]>] extends [never] ? [] : [values: Values<K>]
