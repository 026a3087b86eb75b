// Records movements with prompts: a refusal is shown, a shortage is confirmed, and a failed write is retried. Nothing
// fails silently.
import type { Item } from '#shared/rows/rows.ts'
import type { Device } from '../../../device/device.ts'
import type { RecordResult } from '../../../device/record-result.ts'
import type { Movement } from '../../../domain/movement.ts'
import { recordMovement, refusalOf, shortageOf } from '../../../domain/movement.ts'
import type { AnswerOf, PromptKind, Prompts } from './prompts.ts'

export type RecordOutcome = { id: string } | 'declined' | 'refused'

type PromptData<K extends PromptKind> = Parameters<typeof Prompts.prototype.ask<K>>[1]

export class Recorder {
  readonly #device: Device
  readonly #prompts: Prompts
  readonly #signal: (tone: 'bad' | 'warn') => void

  constructor(options: { device: Device; prompts: Prompts; signal: (tone: 'bad' | 'warn') => void }) {
    this.#device = options.device
    this.#prompts = options.prompts
    this.#signal = options.signal
  }

  /** Prompts before it records a shortage. */
  async record(
    movement: Movement,
    { item, scanId, isFurther = false }: { item: Item; scanId?: string | undefined; isFurther?: boolean },
  ): Promise<RecordOutcome> {
    const refusal = refusalOf(this.#device, movement)
    if (refusal) {
      await this.ask('refused', { refusal, title: item.name })
      return 'refused'
    }
    const shortage = shortageOf(this.#device, movement)
    const { locationId } = movement
    if (shortage && !(await this.ask('shortage', { item, ...shortage, locationId, isFurther }))) return 'declined'
    const isResolved = scanId !== undefined && !this.#device.scans.unresolved.value.some(({ id }) => id === scanId)
    if (isResolved) return 'refused' // the tray has resolved it during the prompt
    const result = await this.withRetry(() => recordMovement(this.#device, movement, scanId), item.name)
    return result.saved ? result : 'refused'
  }

  /** Records the scans of a line as one mutation. Returns undefined if it is not recorded. */
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

  /** Shows a failed write to the person, who may retry. */
  async withRetry(record: () => Promise<RecordResult>, title: string): Promise<RecordResult> {
    for (;;) {
      try {
        const result = await record()
        if (!result.saved) await this.ask('refused', { refusal: result.refusal, title })
        return result
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const isRetry = await this.ask('failed', { title, message })
        if (!isRetry) return { saved: false, refusal: { code: 'internal_error' } }
      }
    }
  }

  ask<K extends PromptKind>(kind: K, question: PromptData<K>): Promise<AnswerOf<K>> {
    this.#signal(kind === 'refused' || kind === 'failed' ? 'bad' : 'warn')
    return this.#prompts.ask(kind, question)
  }
}
