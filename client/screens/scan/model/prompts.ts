// Questions that only a person can answer. While one is open, the scans behind it wait.
import { signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'
import type { StockMode } from './scan-setting.ts'

export interface LotAnswer {
  lot: string
  expiresOn?: string | undefined
}

/** What happens to an abandoned count: it is recorded, postponed, discarded, or continued. */
export type DraftAnswer = 'record' | 'postpone' | 'discard' | 'continue'

interface Answers {
  /** Which location? */
  location: { question: { mode: StockMode; item: Item }; answer: string | undefined }
  /** Which lot? */
  lot: {
    question: { mode: StockMode; item: Item; known: { lot: string; quantity: number }[] }
    answer: LotAnswer | undefined
  }
  /** There is less stock than that. Record anyway? Quantities in thousandths. */
  shortage: {
    question: { item: Item; available: number; requested: number; locationId: string; isFurther: boolean }
    answer: boolean
  }
  /** A count is not recorded. Quantity in thousandths, time in Unix ms. */
  draft: {
    question: {
      item: Item
      quantity: number
      locationId: string
      countedAt: number
      mayContinue: boolean
      mayPostpone: boolean
    }
    answer: DraftAnswer
  }
  archived: { question: { item: Item }; answer: boolean }
  refused: { question: { refusal: Refusal; title: string }; answer: true }
  /** The write failed. True: try again. */
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

  /** Answers the open question. Ignored if it has been answered already. */
  answer<K extends PromptKind>(kind: K, answer: AnswerOf<K>): void {
    if (this.open.value?.kind !== kind) return
    const resolve = this.#resolve as ((answer: AnswerOf<K>) => void) | undefined
    this.#resolve = undefined
    this.open.value = undefined
    resolve?.(answer)
  }
}
