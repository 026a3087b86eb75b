// The scan screen without its looks. Every scan was stored before it comes here; here it is looked up and recorded, one
// after the other in the order of the triggers.
//
// Receives and withdrawals are recorded scan by scan: each is a fact. A count is held until it is whole (the next item, or
// Record), because "1 here" in the middle of counting forty would be a wrong statement, sent to everybody and raising
// alarms: see counting.ts. A move is held until its goods have arrived. Their scans stay in the scan log until then, and
// both are made again from it after a restart.
import { batch, signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { Device } from '../../../device/device.ts'
import type { RecordResult } from '../../../device/record-result.ts'
import type { CountDraftStore } from '../../../domain/count-drafts.ts'
import type { Movement } from '../../../domain/movement.ts'
import type { ReadItem } from '../../../domain/read-scan.ts'
import { readScan } from '../../../domain/read-scan.ts'
import type { ApiClient } from '../../../api/api-client.ts'
import type { Scan } from '../../../scanner/code.ts'
import type { FeedbackKind } from '../../../scanner/feedback.ts'
import { Counting, RESUME_MS } from './counting.ts'
import { DraftLines } from './draft-lines.ts'
import type { ScanResult, MovementRun, MovementStep } from './scan-result.ts'
import { sumOf } from './scan-result.ts'
import type { LotAnswer } from './prompts.ts'
import { Prompts } from './prompts.ts'
import { Recorder } from './recorder.ts'
import type { Mode, StockMode, ScanSetting } from './scan-setting.ts'
import { TaskQueue } from './task-queue.ts'

/** What is told of the last thing done: for the toast. */
export interface Done {
  kind: 'received' | 'withdrawn' | 'counted' | 'moved'
  lines: readonly { itemId: string; quantity: number; mutationId: string }[]
}

export interface ScanModelOptions {
  device: Device
  api: Pick<ApiClient, 'lookup'>
  setting: ScanSetting
  countDrafts: CountDraftStore
  feedback: (kind: FeedbackKind) => void
  done: (done: Done) => void
  drafts: { begin(): () => void }
  /** Until no sheet lies over the screen; undefined where none does. */
  sheetsClosed: () => Promise<void> | undefined
  now: () => number
}

type TakenScan = Pick<Scan, 'code'> & Partial<Pick<Scan, 'symbology'>>
type StockScan = ReadItem & { scan: ScanRecord }

export class ScanModel {
  readonly setting: ScanSetting
  readonly result = signal<ScanResult | undefined>(undefined)
  /** Grows with each answer, with its tone: for the flash. */
  readonly pulse = signal<{ tone: 'good' | 'bad' | 'warn'; count: number }>({ tone: 'good', count: 0 })
  readonly prompts = new Prompts()
  readonly lines: DraftLines
  readonly queue = new TaskQueue()
  readonly #parts: ScanModelOptions
  /** Scans that came while a sheet was open. */
  #held = 0
  #free: Promise<void> = Promise.resolve()
  readonly #recorder: Recorder
  readonly #counting: Counting

  constructor(parts: ScanModelOptions) {
    this.#parts = parts
    this.setting = parts.setting
    this.lines = new DraftLines(parts)
    const signal = (tone: 'bad' | 'warn') => this.#signal(tone)
    this.#recorder = new Recorder({ device: parts.device, questions: this.prompts, signal })
    const counted = (line: Done['lines'][number]) => parts.done({ kind: 'counted', lines: [line] })
    this.#counting = new Counting({ ...parts, lines: this.lines, recorder: this.#recorder, counted })
    void this.queue.add(() => this.#resume())
  }

  /** Takes a scan that is stored. Behind a sheet it does nothing: it comes once that is closed, after what it was for. */
  handle(scan: ScanRecord, raw: TakenScan = scan): Promise<void> {
    if (this.#held === 0 && !this.#parts.sheetsClosed()) return this.queue.add(() => this.#process(scan, raw))
    this.#held++
    const taken = this.#free
      .then(() => this.#parts.sheetsClosed())
      .then(() => {
        this.#held--
        return { done: this.queue.add(() => this.#process(scan, raw)) }
      })
    this.#free = taken.then(() => undefined)
    return taken.then(({ done }) => done)
  }

  changeMode(mode: Mode): Promise<void> {
    return this.queue.add(async () => {
      if (mode === this.setting.mode || this.holdsGoods) return
      if (!(await this.#counting.leave())) return
      this.setting.change({ mode, since: this.#parts.now() })
      this.result.value = undefined
      await this.#comeBackToCount()
    })
  }

  changeLocation(locationId: string): Promise<void> {
    return this.queue.add(async () => {
      await this.#goTo(locationId)
      await this.#comeBackToCount()
    })
  }

  /** The goods in hand go to a location that was chosen by hand. */
  putDown(locationId: string): Promise<void> {
    return this.queue.add(() => this.#putDown(locationId, undefined))
  }

  /** Sets the quantity of what the card shows. Thousandths. */
  setQuantity(quantity: number): Promise<void> {
    return this.queue.add(async () => {
      const result = this.result.value
      if (result?.kind === 'run') await this.#setRun(result, quantity)
      else if (result?.kind === 'count') this.#counting.set(result, quantity)
      else if (result?.kind === 'hand') {
        if (quantity > 0) this.lines.set(result, quantity, this.#parts.now())
        else await this.#setAside(result)
      }
    })
  }

  /** "This is what is here": the count as it stands is recorded. */
  finishCount(counted?: number): Promise<void> {
    return this.queue.add(async () => {
      const result = this.result.value
      if (counted !== undefined && result?.kind === 'count') this.#counting.set(result, counted)
      await this.#counting.record()
    })
  }

  /** Undoes one of this device's own movements. */
  undo(mutationId: string): Promise<RecordResult> {
    return this.queue.add(() => this.#undo(mutationId))
  }

  /** What is in hand was never taken, what was counted does not count: nothing is recorded. */
  cancelMove(): Promise<void> {
    return this.queue.add(async () => {
      for (const line of this.lines.all) await this.#setAside(line)
    })
  }

  /** Goods are taken from one place and not yet put down at another. */
  get holdsGoods(): boolean {
    return this.setting.mode === 'move' && this.lines.size > 0
  }

  async #process(scan: ScanRecord, raw: TakenScan): Promise<void> {
    const { device } = this.#parts
    if (!device.scans.unresolved.value.some(({ id }) => id === scan.id)) return // it waited, and the tray saw to it
    const read = readScan(device.queries, raw, new Date(this.#parts.now()))
    if (read.kind === 'location') {
      await this.#place(scan, read.location.id)
    } else if (read.kind === 'item') {
      if (this.setting.mode === 'look') await this.#look(scan, read.item)
      else await this.#stock({ ...read, scan }, this.setting.mode)
    } else if (read.kind === 'unreadable' || !(await this.#lookedUpRemotely(scan, read.code))) {
      this.#answer('bad', { kind: 'unknown', code: read.code, scanId: scan.id, unreadable: read.kind === 'unreadable' })
    }
  }

  async #place(scan: ScanRecord, locationId: string): Promise<void> {
    if (this.holdsGoods && locationId !== this.setting.locationId) {
      await this.#putDown(locationId, scan)
      return
    }
    const isThere = await this.#goTo(locationId)
    await this.#parts.device.scans.resolve(scan.id)
    if (!isThere) return
    this.#answer('good', { kind: 'place', locationId, mode: this.setting.mode })
    await this.#comeBackToCount()
  }

  async #look(scan: ScanRecord, item: Item): Promise<void> {
    this.#answer('good', { kind: 'look', itemId: item.id, locationId: this.setting.locationId })
    await this.#parts.device.scans.resolve(scan.id)
  }

  async #stock(taken: StockScan, mode: StockMode): Promise<void> {
    const { item } = taken
    const locationId = this.setting.locationId ?? (await this.#recorder.ask('place', { mode, item }))
    if (locationId === undefined) return
    if (this.setting.locationId === null) this.setting.change({ locationId, since: this.#parts.now() })
    if (item.archived && !(await this.#recorder.ask('archived', { item }))) {
      await this.#parts.device.scans.dismiss([taken.scan.id], 'item archived')
      return
    }
    const lot = await this.#lotOf(taken, { mode, locationId })
    if (lot === undefined) return
    const at = { ...taken, locationId, lot: lot.lot, expiresOn: lot.expiresOn }
    if (mode === 'count') await this.#count(at)
    else if (mode === 'move') this.#pickUp(at)
    else await this.#move(at, mode)
  }

  /** The lot on the label, of the run under way, or as the person says; empty for what is not kept by lot. */
  async #lotOf(taken: StockScan, at: { mode: StockMode; locationId: string }): Promise<LotAnswer | undefined> {
    const { item } = taken
    if (!item.tracksLots) return { lot: '' }
    if (taken.lot) return { lot: taken.lot, expiresOn: taken.expiresOn }
    const result = this.result.value
    if (
      result &&
      'lot' in result &&
      result.itemId === item.id &&
      result.locationId === at.locationId &&
      result.lot !== ''
    ) {
      return { lot: result.lot, expiresOn: result.kind === 'run' ? result.expiresOn : undefined }
    }
    const known = this.#parts.device.queries
      .positionsOf(item.id)
      .filter(({ locationId, lot }) => lot !== '' && (at.mode === 'receive' || locationId === at.locationId))
      .map(({ lot, quantity }) => ({ lot, quantity }))
    return this.#recorder.ask('lot', { mode: at.mode, item, known })
  }

  async #move(taken: StockScan & { locationId: string; lot: string }, mode: 'receive' | 'withdraw'): Promise<void> {
    const { item, locationId, lot, expiresOn, quantity, scan } = taken
    const movement = { kind: mode, itemId: item.id, locationId, lot, expiresOn, quantity }
    const run = this.#runOf(movement)
    const recorded = await this.#recorder.record(movement, { item, scanId: scan.id })
    if (recorded === 'declined') await this.#parts.device.scans.dismiss([scan.id], 'not there')
    if (typeof recorded !== 'object') return
    this.#show(run, { mutationId: recorded.id, quantity })
  }

  /** The run that a movement continues, or a new one. */
  #runOf({ kind, itemId, locationId, lot = '', expiresOn }: Movement): MovementRun {
    const result = this.result.value
    const continues =
      result?.kind === 'run' &&
      result.mode === kind &&
      result.itemId === itemId &&
      result.locationId === locationId &&
      result.lot === lot &&
      result.steps.length > 0
    if (continues) return result
    const was = this.#parts.device.queries.position(itemId, locationId, lot).quantity
    return { kind: 'run', mode: kind as MovementRun['mode'], itemId, locationId, lot, expiresOn, was, steps: [] }
  }

  #show(run: MovementRun, step: MovementStep): void {
    const steps = [...run.steps, step]
    this.#answer('good', { ...run, steps })
    this.#parts.done({
      kind: run.mode === 'receive' ? 'received' : 'withdrawn',
      lines: [{ itemId: run.itemId, ...step }],
    })
  }

  /** Facts are not changed: more is recorded, or the latest steps are undone and what is left recorded anew. */
  async #setRun(run: MovementRun, quantity: number): Promise<void> {
    const { mode, itemId, locationId, lot, expiresOn } = run
    const item = this.#parts.device.queries.item(itemId)
    if (!item) return
    let steps = run.steps
    while (steps.length > 0 && sumOf(steps) > quantity) {
      const last = steps.at(-1)!
      const { saved } = await this.#recorder.keep(() => this.#parts.device.undo(last.mutationId), item.name)
      if (!saved) return
      steps = steps.slice(0, -1)
      this.result.value = { ...run, steps }
    }
    const rest = quantity - sumOf(steps)
    if (rest <= 0) return
    const movement = { kind: mode, itemId, locationId, lot, expiresOn, quantity: rest }
    const recorded = await this.#recorder.record(movement, { item, further: steps.length > 0 })
    if (typeof recorded === 'object') this.#show({ ...run, steps }, { mutationId: recorded.id, quantity: rest })
  }

  async #count({ item, locationId, lot, quantity, scan }: StockScan & { locationId: string; lot: string }) {
    const key = { itemId: item.id, lot }
    if (!(await this.#counting.makeWay(key))) return
    this.#counting.add(key, { quantity, scan })
    this.#answer('good', this.#countResult({ ...key, locationId }))
  }

  #countResult({ itemId, locationId, lot }: { itemId: string; locationId: string; lot: string }): ScanResult {
    const result = this.result.value
    const keepsWas = result?.kind === 'count' && result.itemId === itemId && result.lot === lot
    const was = keepsWas ? result.was : this.#parts.device.queries.position(itemId, locationId, lot).quantity
    return { kind: 'count', itemId, locationId, lot, was }
  }

  /** In this place something may be counted and not recorded: asked about, and gone on with if the person says so. */
  async #comeBackToCount(): Promise<void> {
    const { locationId } = this.setting
    const line = await this.#counting.comeBack()
    if (line && locationId !== null) this.result.value = this.#countResult({ ...line, locationId })
  }

  #pickUp({ item, locationId, lot, quantity, scan }: StockScan & { locationId: string; lot: string }): void {
    this.lines.add({ itemId: item.id, lot }, { quantity, scan })
    this.#answer('good', { kind: 'hand', itemId: item.id, locationId, lot })
  }

  async #putDown(toLocationId: string, scan: ScanRecord | undefined): Promise<void> {
    const locationId = this.setting.locationId
    if (locationId === null || toLocationId === locationId) return
    const done: Done['lines'][number][] = []
    for (const { itemId, lot, quantity, scanIds, since } of this.lines.all) {
      const item = this.#parts.device.queries.item(itemId)
      if (!item) continue
      const movement = { kind: 'move', itemId, locationId, lot, quantity, toLocationId, begunAtMs: since } as const
      const recorded = await this.#recorder.recordLine(movement, { item, scanIds })
      if (!recorded) break
      this.lines.remove({ itemId, lot })
      done.push({ itemId, quantity, mutationId: recorded.id })
    }
    if (done.length > 0) this.#parts.done({ kind: 'moved', lines: done })
    if (this.lines.size > 0) return
    if (scan) await this.#parts.device.scans.resolve(scan.id)
    this.setting.change({ since: this.#parts.now() })
    this.#answer('good', { kind: 'place', locationId: toLocationId, mode: 'move' })
  }

  async #setAside(key: { itemId: string; lot: string }): Promise<void> {
    await this.#parts.device.scans.dismiss(this.lines.of(key)?.scanIds ?? [], 'set aside')
    this.lines.remove(key)
    this.result.value = undefined
  }

  /** False where the person stays: what is under way here could not be settled. */
  async #goTo(locationId: string): Promise<boolean> {
    if (locationId === this.setting.locationId || this.holdsGoods) return true
    if (!(await this.#counting.leave())) return false
    this.setting.change({ locationId, since: this.#parts.now() })
    this.result.value = undefined
    return true
  }

  async #undo(mutationId: string): Promise<RecordResult> {
    const result = await this.#recorder.keep(() => this.#parts.device.undo(mutationId), '')
    const hit = this.result.value
    if (result.saved && hit?.kind === 'run') {
      this.result.value = { ...hit, steps: hit.steps.filter((step) => step.mutationId !== mutationId) }
    }
    return result
  }

  /** While the first sync runs, the server knows what this device does not know yet. */
  async #lookedUpRemotely(scan: ScanRecord, code: string): Promise<boolean> {
    const { device, api } = this.#parts
    if (device.syncPoint.value.complete || this.setting.mode !== 'look') return false
    const found = await api.lookup(code).catch(() => null)
    if (!found) return false
    this.#answer('good', { kind: 'remote', found })
    await device.scans.resolve(scan.id)
    return true
  }

  /** What a restart interrupted: a move is made again from its scans, a count is asked about. */
  async #resume(): Promise<void> {
    const { device, now } = this.#parts
    const { mode, locationId } = this.setting
    await this.#comeBackToCount()
    if (mode !== 'move' || locationId === null) return
    const isOfDraft = (scan: ScanRecord) =>
      scan.mode === mode && scan.locationId === locationId && scan.at > now() - RESUME_MS
    for (const scan of device.scans.unresolved.value.filter(isOfDraft).toReversed()) {
      const read = readScan(device.queries, scan, new Date(now()))
      if (read.kind !== 'item') continue
      // Recorded, but the restart came before the scan was marked so.
      if (this.lines.isMoved(scan, { itemId: read.item.id, locationId })) await device.scans.resolve(scan.id)
      else await this.#stock({ ...read, scan }, mode)
    }
  }

  #answer(tone: 'good' | 'bad', result: ScanResult): void {
    batch(() => {
      this.result.value = result
      this.#signal(tone)
    })
  }

  #signal(tone: 'good' | 'bad' | 'warn'): void {
    this.pulse.value = { tone, count: this.pulse.value.count + 1 }
    this.#parts.feedback(tone === 'good' ? 'success' : tone === 'bad' ? 'error' : 'attention')
  }
}
