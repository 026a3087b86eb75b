// Counting in one place. What is counted becomes stock by a yes: "Record", or the scan of the next item in the same go.
// A count that somebody left (another mode, another place, a pause, a restart) is asked about before anything else
// happens to it, and until then it stays a draft, whose scans the tray calls not recorded.
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

/** Drafts older than this are a person's to sort out, in the tray. */
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
  readonly #parts: CountingOptions

  constructor(parts: CountingOptions) {
    this.#parts = parts
  }

  /** Before something is counted: the count before it is whole now. False where the person must see to it first. */
  async makeWay(key: LineKey): Promise<boolean> {
    const { lines, now } = this.#parts
    for (const line of lines.all) {
      const isSame = line.itemId === key.itemId && line.lot === key.lot
      const isFresh = now() - line.touched <= COUNT_PAUSE_MS
      if (isSame && isFresh) continue
      if (!(await (isFresh ? this.#record(line) : this.#ask(line, isSame)))) return false
    }
    return true
  }

  add(key: LineKey, { quantity, scan }: { quantity: number; scan: ScanRecord }): void {
    const { lines } = this.#parts
    const before = lines.has(key) ? undefined : this.#countedBefore(key)
    lines.add(key, { quantity: (before?.quantity ?? 0) + quantity, scan, since: before?.since })
    this.#saveDraft(key)
  }

  set(key: LineKey, quantity: number): void {
    this.#parts.lines.set(key, quantity, this.#parts.now())
    this.#saveDraft(key)
  }

  /** By a person's word. False where it could not be recorded. */
  async record(): Promise<boolean> {
    if (!this.#isHere) return true
    for (const line of this.#parts.lines.all) if (!(await this.#record(line))) return false
    return true
  }

  /** Before the mode or the place changes: what is counted and not recorded is asked about. */
  async leave(): Promise<boolean> {
    if (!this.#isHere) return true
    for (const line of this.#parts.lines.all) if (!(await this.#ask(line, false))) return false
    return true
  }

  /** Back in a place: what was counted here and not recorded is asked about. Returns what the person goes on with. */
  async comeBack(): Promise<DraftLine | undefined> {
    const { device, countDrafts: kept, setting, lines, now } = this.#parts
    if (!this.#isHere || lines.size > 0) return undefined
    const { drafts, leftOver } = openCountDrafts(device, kept)
    await device.scans.resolve(...leftOver)
    for (const draft of drafts) {
      if (draft.locationId !== setting.locationId || draft.touched <= now() - RESUME_MS) continue
      await this.#ask(lines.restore(draft), true)
      if (lines.size > 0) return lines.of(draft) // the others are asked about the next time
    }
    return undefined
  }

  get #isHere(): boolean {
    return this.#parts.setting.mode === 'count' && this.#parts.setting.locationId !== null
  }

  async #ask(line: DraftLine, mayGoOn: boolean): Promise<boolean> {
    const { device, lines, recorder, setting, now } = this.#parts
    const item = device.queries.item(line.itemId)
    if (!item) {
      lines.remove(line) // not known here at the moment: its scans stay, and so does what is kept of it
      return true
    }
    const { quantity, touched, scanIds } = line
    const locationId = setting.locationId ?? ''
    const question = { item, quantity, locationId, countedAt: touched, mayGoOn, mayKeep: scanIds.length > 0 }
    const answer: DraftAnswer = await recorder.ask('draft', question)
    if (!lines.has(line)) return true // the tray saw to it meanwhile
    if (answer === 'record') return this.#record(line)
    if (answer === 'goOn') {
      lines.set(line, quantity, now())
      this.#saveDraft(line)
      return true
    }
    if (answer === 'discard') await device.scans.dismiss(scanIds, 'set aside')
    lines.remove(line)
    return true
  }

  async #record(line: DraftLine): Promise<boolean> {
    const { device, lines, recorder, setting } = this.#parts
    const { itemId, lot, quantity, scanIds, since } = line
    const item = device.queries.item(itemId)
    const { locationId } = setting
    if (!item || locationId === null) return true
    const movement = { kind: 'count', itemId, locationId, lot, quantity, begunAtMs: since } as const
    const recorded = await recorder.recordLine(movement, { item, scanIds })
    if (!recorded) return false
    lines.remove(line)
    this.#parts.counted({ itemId, quantity, mutationId: recorded.id })
    return true
  }

  #saveDraft(key: LineKey): void {
    const { device, countDrafts: kept, lines, setting } = this.#parts
    const line = lines.of(key)
    if (!line || setting.locationId === null) return
    const open = new Set(device.scans.unresolved.value.map(({ id }) => id))
    kept.put({ ...line, locationId: setting.locationId }, (id) => open.has(id))
  }

  /** What this stay at the shelf has counted already: the scan of a forgotten piece adds to it. Since when it counts. */
  #countedBefore({ itemId, lot }: LineKey): { quantity: number; since: number } | undefined {
    const { device, setting } = this.#parts
    const undone = new Set<unknown>()
    for (const { envelope } of device.history.value) {
      const { name, args, at, id } = envelope
      if (name === 'stock.undo') undone.add((args as { mutationId?: unknown }).mutationId)
      if (name !== 'stock.count' || undone.has(id) || stampMs(at) < setting.since) continue
      const told = args as { itemId: string; locationId: string; lot?: string; counted: number; since?: string }
      if (told.itemId === itemId && told.locationId === setting.locationId && (told.lot ?? '') === lot) {
        return { quantity: Math.round(told.counted * 1000), since: stampMs(told.since ?? at) }
      }
    }
    return undefined
  }
}
