// Recording with a person beside it: what cannot be is said, what is odd is asked, what the device could not keep is
// tried again. Nothing is passed over in silence.
import type { Item } from '#shared/rows/rows.ts'
import type { Device } from '../../../device/device.ts'
import type { RecordResult } from '../../../device/record-result.ts'
import type { Movement } from '../../../domain/movement.ts'
import { recordMovement, refusalOf, shortageOf } from '../../../domain/movement.ts'
import type { AnswerOf, PromptKind, Prompts } from './prompts.ts'

export type RecordOutcome = { id: string } | 'declined' | 'refused'

type QuestionOf<K extends PromptKind> = Parameters<typeof Prompts.prototype.ask<K>>[1]

export class Recorder {
  readonly #device: Device
  readonly #questions: Prompts
  readonly #signal: (tone: 'bad' | 'warn') => void

  constructor(parts: { device: Device; questions: Prompts; signal: (tone: 'bad' | 'warn') => void }) {
    this.#device = parts.device
    this.#questions = parts.questions
    this.#signal = parts.signal
  }

  /** A shortage is asked about before it is recorded. */
  async record(
    movement: Movement,
    { item, scanId, further = false }: { item: Item; scanId?: string | undefined; further?: boolean },
  ): Promise<RecordOutcome> {
    const refusal = refusalOf(this.#device, movement)
    if (refusal) {
      await this.ask('refused', { refusal, title: item.name })
      return 'refused'
    }
    const shortage = shortageOf(this.#device, movement)
    const { locationId } = movement
    if (shortage && !(await this.ask('shortage', { item, ...shortage, locationId, further }))) return 'declined'
    const isSettled = scanId !== undefined && !this.#device.scans.unresolved.value.some(({ id }) => id === scanId)
    if (isSettled) return 'refused' // the tray saw to it while this was asked
    const result = await this.keep(() => recordMovement(this.#device, movement, scanId), item.name)
    return result.saved ? result : 'refused'
  }

  /** A line of many scans is one mutation. Undefined where it is not recorded. */
  async recordLine(
    movement: Movement,
    { item, scanIds }: { item: Item; scanIds: readonly string[] },
  ): Promise<{ id: string } | undefined> {
    const [scanId, ...others] = scanIds
    const recorded = await this.record(movement, { item, scanId })
    if (typeof recorded !== 'object') return undefined
    await this.#device.scans.resolve(...others)
    return recorded
  }

  /** Where the device cannot keep a mutation, a person hears of it and may try again. */
  async keep(record: () => Promise<RecordResult>, title: string): Promise<RecordResult> {
    for (;;) {
      try {
        const result = await record()
        if (!result.saved) await this.ask('refused', { refusal: result.refusal, title })
        return result
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const again = await this.ask('failed', { title, message })
        if (!again) return { saved: false, refusal: { code: 'internal_error' } }
      }
    }
  }

  ask<K extends PromptKind>(kind: K, question: QuestionOf<K>): Promise<AnswerOf<K>> {
    this.#signal(kind === 'refused' || kind === 'failed' ? 'bad' : 'warn')
    return this.#questions.ask(kind, question)
  }
}
