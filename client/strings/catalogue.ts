// What a catalogue is: the keys and kinds of the English one, and which values each sentence wants.
import type { en } from './en.ts'

export type StringKey = keyof typeof en

/** Forms by Intl.PluralRules category; `other` is always there. `count` chooses. */
export type Plural = { readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string }

export type StringCatalogue = { readonly [K in StringKey]: (typeof en)[K] extends string ? string : Plural }

type Holes<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never

type HolesOf<Entry> = Entry extends string ? Holes<Entry> : 'count' | Holes<Entry[keyof Entry]>

/** The values a sentence wants. Numbers are written in the person's language; hand quantities over as text. */
export type Values<K extends StringKey> = { readonly [Name in HolesOf<(typeof en)[K]> as Name & string]: ValueOf<Name> }

type ValueOf<Name> = Name extends 'count' ? number : string | number

/** No second argument where the sentence has no holes, and a required one where it has. */
export type ValuesArgument<K extends StringKey> = [HolesOf<(typeof en)[K]>] extends [never] ? [] : [values: Values<K>]
