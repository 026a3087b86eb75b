// Counting at one location. A count takes effect when the person confirms it: by "Record", or by scanning the next item
// without a long pause. An abandoned count (another mode, another location, a pause, a restart) stays a draft until the
// person has answered a prompt about it. The tray shows its scans as not recorded.
import { stampMs } from '#shared/values/stamp.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { Device } from '../../../device/device.ts'
import type { CountDraftStore } from '../../../domain/count-drafts.ts'
import { COUNT_PAUSE_MS, openCountDrafts } from '../../../domain/count-drafts.ts'
import type { DraftLines, LineKey } from './draft-lines.ts'
import type { DraftLine } from './scan-result.ts'
import type { DraftAnswer } from './prompts.ts'
import type { Recorder } from './recorder.ts'
import type { ScanSetting } from './scan-setting.ts'

/** Older drafts are not prompted for. They stay in the tray. */
export const RESUME_MS = 12 * 3_600_000

export interface CountingOptions {
  device: Device
  lines: DraftLines
  recorder: Recorder
  setting: ScanSetting
  countDrafts: CountDraftStore
  counted: (line: { itemId: string; quantity: number; mutationId: string }) => void
  now: () => number
}

export class Counting {
  readonly #options: CountingOptions

  constructor(options: CountingOptions) {
    this.#options = options
  }

  /**
   * Records the counts of other items before one is counted. Returns false if the person has to handle one of them
   * first.
   */
  async completeOthers(key: LineKey): Promise<boolean> {
    const { lines, now } = this.#options
    for (const line of lines.all) {
      const isSame = line.itemId === key.itemId && line.lot === key.lot
      const isFresh = now() - line.touched <= COUNT_PAUSE_MS
      if (isSame && isFresh) continue
      if (!(await (isFresh ? this.#record(line) : this.#ask(line, isSame)))) return false
    }
    return true
  }

  add(key: LineKey, { quantity, scan }: { quantity: number; scan: ScanRecord }): void {
    const { lines } = this.#options
    const before = lines.has(key) ? undefined : this.#countedBefore(key)
    lines.add(key, { quantity: (before?.quantity ?? 0) + quantity, scan, since: before?.since })
    this.#saveDraft(key)
  }

  set(key: LineKey, quantity: number): void {
    this.#options.lines.set(key, quantity, this.#options.now())
    this.#saveDraft(key)
  }

  /** Records the counts. Returns false if one could not be recorded. */
  async record(): Promise<boolean> {
    if (!this.#isCounting) return true
    for (const line of this.#options.lines.all) if (!(await this.#record(line))) return false
    return true
  }

  /** Prompts for unrecorded counts before the mode or location changes. */
  async leave(): Promise<boolean> {
    if (!this.#isCounting) return true
    for (const line of this.#options.lines.all) if (!(await this.#ask(line, false))) return false
    return true
  }

  /** Prompts for unrecorded counts at this location. Returns the one that the person continues. */
  async resume(): Promise<DraftLine | undefined> {
    const { device, countDrafts, setting, lines, now } = this.#options
    if (!this.#isCounting || lines.size > 0) return undefined
    const { drafts, leftOver } = openCountDrafts(device, countDrafts)
    await device.scans.resolve(...leftOver)
    for (const draft of drafts) {
      if (draft.locationId !== setting.locationId || draft.touched <= now() - RESUME_MS) continue
      await this.#ask(lines.restore(draft), true)
      if (lines.size > 0) return lines.of(draft) // the others are prompted for next time
    }
    return undefined
  }

  get #isCounting(): boolean {
    return this.#options.setting.mode === 'count' && this.#options.setting.locationId !== null
  }

  async #ask(line: DraftLine, mayContinue: boolean): Promise<boolean> {
    const { device, lines, recorder, setting, now } = this.#options
    const item = device.queries.item(line.itemId)
    if (!item) {
      lines.remove(line) // the item is not known at the moment: its scans and its draft stay
      return true
    }
    const { quantity, touched, scanIds } = line
    const locationId = setting.locationId ?? ''
    const question = { item, quantity, locationId, countedAt: touched, mayContinue, mayPostpone: scanIds.length > 0 }
    const answer: DraftAnswer = await recorder.ask('draft', question)
    if (!lines.has(line)) return true // the tray has resolved it in the meantime
    if (answer === 'record') return this.#record(line)
    if (answer === 'continue') {
      lines.set(line, quantity, now())
      this.#saveDraft(line)
      return true
    }
    if (answer === 'discard') await device.scans.dismiss(scanIds, 'set aside')
    lines.remove(line)
    return true
  }

  async #record(line: DraftLine): Promise<boolean> {
    const { device, lines, recorder, setting } = this.#options
    const { itemId, lot, quantity, scanIds, since } = line
    const item = device.queries.item(itemId)
    const { locationId } = setting
    if (!item || locationId === null) return true
    const movement = { kind: 'count', itemId, locationId, lot, quantity, begunAtMs: since } as const
    const recorded = await recorder.recordLine(movement, { item, scanIds })
    if (!recorded) return false
    lines.remove(line)
    this.#options.counted({ itemId, quantity, mutationId: recorded.id })
    return true
  }

  #saveDraft(key: LineKey): void {
    const { device, countDrafts, lines, setting } = this.#options
    const line = lines.of(key)
    if (!line || setting.locationId === null) return
    const open = new Set(device.scans.unresolved.value.map(({ id }) => id))
    countDrafts.put({ ...line, locationId: setting.locationId }, (id) => open.has(id))
  }

  /**
   * The quantity and start of the last recorded count since the person came to this location. The scan of a forgotten
   * unit adds to it.
   */
  #countedBefore({ itemId, lot }: LineKey): { quantity: number; since: number } | undefined {
    const { device, setting } = this.#options
    const undone = new Set<unknown>()
    for (const { envelope } of device.history.value) {
      const { name, args, at, id } = envelope
      if (name === 'stock.undo') undone.add((args as { mutationId?: unknown }).mutationId)
      if (name !== 'stock.count' || undone.has(id) || stampMs(at) < setting.since) continue
      const count = args as { itemId: string; locationId: string; lot?: string; counted: number; since?: string }
      if (count.itemId === itemId && count.locationId === setting.locationId && (count.lot ?? '') === lot) {
        return { quantity: Math.round(count.counted * 1000), since: stampMs(count.since ?? at) }
      }
    }
    return undefined
  }
}
