// What only a person can answer. While one is open, the scans behind it wait.
import { signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'
import type { StockMode } from './scan-setting.ts'

export interface LotAnswer {
  lot: string
  expiresOn?: string | undefined
}

/** What becomes of a count that is left: it is recorded, kept for later, discarded, or the counting goes on. */
export type DraftAnswer = 'record' | 'keep' | 'discard' | 'goOn'

interface Answers {
  /** Where? */
  place: { question: { mode: StockMode; item: Item }; answer: string | undefined }
  /** Which lot? */
  lot: {
    question: { mode: StockMode; item: Item; known: { lot: string; quantity: number }[] }
    answer: LotAnswer | undefined
  }
  /** There is less than that. All the same? Quantities in thousandths. */
  shortage: {
    question: { item: Item; here: number; wanted: number; locationId: string; further: boolean }
    answer: boolean
  }
  /** Something is counted and not recorded. The quantity in thousandths, the time in Unix ms. */
  draft: {
    question: {
      item: Item
      quantity: number
      locationId: string
      countedAt: number
      mayGoOn: boolean
      mayKeep: boolean
    }
    answer: DraftAnswer
  }
  archived: { question: { item: Item }; answer: boolean }
  refused: { question: { refusal: Refusal; title: string }; answer: true }
  /** The device could not keep it. True: try again. */
  failed: { question: { title: string; message: string }; answer: boolean }
}

export type PromptKind = keyof Answers
export type Prompt = { [K in PromptKind]: { kind: K } & Answers[K]['question'] }[PromptKind]
export type AnswerOf<K extends PromptKind> = Answers[K]['answer']

export class Prompts {
  readonly open = signal<Prompt | undefined>(undefined)
  #resolve: ((answer: never) => void) | undefined

  ask<K extends PromptKind>(kind: K, question: Answers[K]['question']): Promise<AnswerOf<K>> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.open.value = { kind, ...question } as Prompt
    })
  }

  /** Answers the open question; a second press answers nothing. */
  answer<K extends PromptKind>(kind: K, answer: AnswerOf<K>): void {
    if (this.open.value?.kind !== kind) return
    const resolve = this.#resolve as ((answer: AnswerOf<K>) => void) | undefined
    this.#resolve = undefined
    this.open.value = undefined
    resolve?.(answer)
  }
}
