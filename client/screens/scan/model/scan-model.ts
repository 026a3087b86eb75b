// The model of the scan screen. Every scan is stored before it comes here. It is then looked up and recorded, one by
// one in the order of the triggers.
//
// Receipts and withdrawals are recorded scan by scan, because each is a fact. A count is not recorded until it is
// complete (the next item is scanned, or "Record" is pressed), because "1 here" in the middle of counting forty would
// be wrong, and would be sent to everyone and raise alerts: see counting.ts. A move is not recorded until its goods
// have arrived. Until then the scans stay in the scan log, from which both are restored after a restart.
import { batch, signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { Device } from '../../../device/device.ts'
import type { RecordResult } from '../../../device/record-result.ts'
import type { CountDraftStore } from '../../../domain/count-drafts.ts'
import type { Movement } from '../../../domain/movement.ts'
import { type ReadItem, readScan } from '../../../domain/read-scan.ts'
import type { ApiClient } from '../../../api/api-client.ts'
import type { Scan } from '../../../scanner/code.ts'
import type { FeedbackKind } from '../../../scanner/feedback.ts'
import { Counting, RESUME_MS } from './counting.ts'
import { DraftLines } from './draft-lines.ts'
import { type MovementRun, type MovementStep, type ScanResult, sumOf } from './scan-result.ts'
import { type LotAnswer, Prompts } from './prompts.ts'
import { Recorder } from './recorder.ts'
import type { Mode, StockMode, ScanSetting } from './scan-setting.ts'
import { TaskQueue } from './task-queue.ts'

/** The last recorded movement, for the toast. */
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
  /** Resolves when no sheet covers the screen; undefined if none does. */
  sheetsClosed: () => Promise<void> | undefined
  now: () => number
}

type ScannedCode = Pick<Scan, 'code'> & Partial<Pick<Scan, 'symbology'>>
type StockScan = ReadItem & { scan: ScanRecord }

export class ScanModel {
  readonly setting: ScanSetting
  readonly result = signal<ScanResult | undefined>(undefined)
  /** Increases with each result, together with its tone, to trigger the flash. */
  readonly pulse = signal<{ tone: 'good' | 'bad' | 'warn'; count: number }>({ tone: 'good', count: 0 })
  readonly prompts = new Prompts()
  readonly lines: DraftLines
  readonly queue = new TaskQueue()
  readonly #options: ScanModelOptions
  /** How many scans arrived while a sheet was open. */
  #deferredScans = 0
  #deferred: Promise<void> = Promise.resolve()
  readonly #recorder: Recorder
  readonly #counting: Counting

  constructor(options: ScanModelOptions) {
    this.#options = options
    this.setting = options.setting
    this.lines = new DraftLines(options)
    const signal = (tone: 'bad' | 'warn') => this.#signal(tone)
    this.#recorder = new Recorder({ device: options.device, prompts: this.prompts, signal })
    const counted = (line: Done['lines'][number]) => options.done({ kind: 'counted', lines: [line] })
    this.#counting = new Counting({ ...options, lines: this.lines, recorder: this.#recorder, counted })
    void this.queue.add(() => this.#resume())
  }

  /**
   * Handles a stored scan. While a sheet is open, the scan waits until the sheet closes and its own scans are handled.
   */
  handle(scan: ScanRecord, raw: ScannedCode = scan): Promise<void> {
    if (this.#deferredScans === 0 && !this.#options.sheetsClosed())
      return this.queue.add(() => this.#process(scan, raw))
    this.#deferredScans++
    const handled = this.#deferred
      .then(() => this.#options.sheetsClosed())
      .then(() => {
        this.#deferredScans--
        return { done: this.queue.add(() => this.#process(scan, raw)) }
      })
    this.#deferred = handled.then(() => undefined)
    return handled.then(({ done }) => done)
  }

  changeMode(mode: Mode): Promise<void> {
    return this.queue.add(async () => {
      if (mode === this.setting.mode || this.holdsGoods) return
      if (!(await this.#counting.leave())) return
      this.setting.change({ mode, since: this.#options.now() })
      this.result.value = undefined
      await this.#resumeCount()
    })
  }

  changeLocation(locationId: string): Promise<void> {
    return this.queue.add(async () => {
      await this.#switchLocation(locationId)
      await this.#resumeCount()
    })
  }

  /** Puts the goods of the move down at a location that the person chose by hand. */
  putDown(locationId: string): Promise<void> {
    return this.queue.add(() => this.#putDown(locationId, undefined))
  }

  /** Sets the quantity of the current result. Thousandths. */
  setQuantity(quantity: number): Promise<void> {
    return this.queue.add(async () => {
      const result = this.result.value
      if (result?.kind === 'run') await this.#setRunQuantity(result, quantity)
      else if (result?.kind === 'count') this.#counting.set(result, quantity)
      else if (result?.kind === 'hand') {
        if (quantity > 0) this.lines.set(result, quantity, this.#options.now())
        else await this.#discardLine(result)
      }
    })
  }

  /** Records the current count. */
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

  /** Cancels the move without recording anything. */
  cancelMove(): Promise<void> {
    return this.queue.add(async () => {
      for (const line of this.lines.all) await this.#discardLine(line)
    })
  }

  /** Goods were picked up at one location and not yet put down at another. */
  get holdsGoods(): boolean {
    return this.setting.mode === 'move' && this.lines.size > 0
  }

  async #process(scan: ScanRecord, raw: ScannedCode): Promise<void> {
    const { device } = this.#options
    // the tray has resolved it in the meantime
    if (!device.scans.unresolved.value.some(({ id }) => id === scan.id)) return
    const read = readScan(device.queries, raw, new Date(this.#options.now()))
    if (read.kind === 'location') {
      await this.#processLocation(scan, read.location.id)
    } else if (read.kind === 'item') {
      if (this.setting.mode === 'look') await this.#processLookup(scan, read.item)
      else await this.#processItem({ ...read, scan }, this.setting.mode)
    } else if (read.kind === 'unreadable' || !(await this.#lookUpRemotely(scan, read.code))) {
      this.#showResult('bad', {
        kind: 'unknown',
        code: read.code,
        scanId: scan.id,
        unreadable: read.kind === 'unreadable',
      })
    }
  }

  async #processLocation(scan: ScanRecord, locationId: string): Promise<void> {
    if (this.holdsGoods && locationId !== this.setting.locationId) {
      await this.#putDown(locationId, scan)
      return
    }
    const hasSwitched = await this.#switchLocation(locationId)
    await this.#options.device.scans.resolve(scan.id)
    if (!hasSwitched) return
    this.#showResult('good', { kind: 'location', locationId, mode: this.setting.mode })
    await this.#resumeCount()
  }

  async #processLookup(scan: ScanRecord, item: Item): Promise<void> {
    this.#showResult('good', { kind: 'look', itemId: item.id, locationId: this.setting.locationId })
    await this.#options.device.scans.resolve(scan.id)
  }

  async #processItem(scanned: StockScan, mode: StockMode): Promise<void> {
    const { item } = scanned
    const locationId = this.setting.locationId ?? (await this.#recorder.ask('location', { mode, item }))
    if (locationId === undefined) return
    if (this.setting.locationId === null) this.setting.change({ locationId, since: this.#options.now() })
    if (item.archived && !(await this.#recorder.ask('archived', { item }))) {
      await this.#options.device.scans.dismiss([scanned.scan.id], 'item archived')
      return
    }
    const lot = await this.#chooseLot(scanned, { mode, locationId })
    if (lot === undefined) return
    const placed = { ...scanned, locationId, lot: lot.lot, expiresOn: lot.expiresOn }
    if (mode === 'count') await this.#count(placed)
    else if (mode === 'move') this.#pickUp(placed)
    else await this.#recordMovement(placed, mode)
  }

  /** The lot on the label, of the current run, or the person's answer. Empty if the item does not track lots. */
  async #chooseLot(
    scanned: StockScan,
    target: { mode: StockMode; locationId: string },
  ): Promise<LotAnswer | undefined> {
    const { item } = scanned
    if (!item.tracksLots) return { lot: '' }
    if (scanned.lot) return { lot: scanned.lot, expiresOn: scanned.expiresOn }
    const result = this.result.value
    if (
      result &&
      'lot' in result &&
      result.itemId === item.id &&
      result.locationId === target.locationId &&
      result.lot !== ''
    ) {
      return { lot: result.lot, expiresOn: result.kind === 'run' ? result.expiresOn : undefined }
    }
    const known = this.#options.device.queries
      .positionsOf(item.id)
      .filter(({ locationId, lot }) => lot !== '' && (target.mode === 'receive' || locationId === target.locationId))
      .map(({ lot, quantity }) => ({ lot, quantity }))
    return this.#recorder.ask('lot', { mode: target.mode, item, known })
  }

  async #recordMovement(
    scanned: StockScan & { locationId: string; lot: string },
    mode: 'receive' | 'withdraw',
  ): Promise<void> {
    const { item, locationId, lot, expiresOn, quantity, scan } = scanned
    const movement = { kind: mode, itemId: item.id, locationId, lot, expiresOn, quantity }
    const run = this.#runOf(movement)
    const recorded = await this.#recorder.record(movement, { item, scanId: scan.id })
    if (recorded === 'declined') await this.#options.device.scans.dismiss([scan.id], 'not there')
    if (typeof recorded !== 'object') return
    this.#showStep(run, { mutationId: recorded.id, quantity })
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
    const was = this.#options.device.queries.position(itemId, locationId, lot).quantity
    return { kind: 'run', mode: kind as MovementRun['mode'], itemId, locationId, lot, expiresOn, was, steps: [] }
  }

  #showStep(run: MovementRun, step: MovementStep): void {
    const steps = [...run.steps, step]
    this.#showResult('good', { ...run, steps })
    this.#options.done({
      kind: run.mode === 'receive' ? 'received' : 'withdrawn',
      lines: [{ itemId: run.itemId, ...step }],
    })
  }

  /** Recorded movements do not change. Records the difference, or undoes the last ones and records the remainder. */
  async #setRunQuantity(run: MovementRun, quantity: number): Promise<void> {
    const { mode, itemId, locationId, lot, expiresOn } = run
    const item = this.#options.device.queries.item(itemId)
    if (!item) return
    let steps = run.steps
    while (steps.length > 0 && sumOf(steps) > quantity) {
      const last = steps.at(-1)!
      const { saved } = await this.#recorder.withRetry(() => this.#options.device.undo(last.mutationId), item.name)
      if (!saved) return
      steps = steps.slice(0, -1)
      this.result.value = { ...run, steps }
    }
    const rest = quantity - sumOf(steps)
    if (rest <= 0) return
    const movement = { kind: mode, itemId, locationId, lot, expiresOn, quantity: rest }
    const recorded = await this.#recorder.record(movement, { item, isFurther: steps.length > 0 })
    if (typeof recorded === 'object') this.#showStep({ ...run, steps }, { mutationId: recorded.id, quantity: rest })
  }

  async #count({ item, locationId, lot, quantity, scan }: StockScan & { locationId: string; lot: string }) {
    const key = { itemId: item.id, lot }
    if (!(await this.#counting.completeOthers(key))) return
    this.#counting.add(key, { quantity, scan })
    this.#showResult('good', this.#countResult({ ...key, locationId }))
  }

  #countResult({ itemId, locationId, lot }: { itemId: string; locationId: string; lot: string }): ScanResult {
    const result = this.result.value
    const isSameCount = result?.kind === 'count' && result.itemId === itemId && result.lot === lot
    const was = isSameCount ? result.was : this.#options.device.queries.position(itemId, locationId, lot).quantity
    return { kind: 'count', itemId, locationId, lot, was }
  }

  /** Prompts for an unrecorded count at this location, and continues it if the person wants to. */
  async #resumeCount(): Promise<void> {
    const { locationId } = this.setting
    const line = await this.#counting.resume()
    if (line && locationId !== null) this.result.value = this.#countResult({ ...line, locationId })
  }

  #pickUp({ item, locationId, lot, quantity, scan }: StockScan & { locationId: string; lot: string }): void {
    this.lines.add({ itemId: item.id, lot }, { quantity, scan })
    this.#showResult('good', { kind: 'hand', itemId: item.id, locationId, lot })
  }

  async #putDown(toLocationId: string, scan: ScanRecord | undefined): Promise<void> {
    const locationId = this.setting.locationId
    if (locationId === null || toLocationId === locationId) return
    const done: Done['lines'][number][] = []
    for (const { itemId, lot, quantity, scanIds, since } of this.lines.all) {
      const item = this.#options.device.queries.item(itemId)
      if (!item) continue
      const movement = { kind: 'move', itemId, locationId, lot, quantity, toLocationId, begunAtMs: since } as const
      const recorded = await this.#recorder.recordLine(movement, { item, scanIds })
      if (!recorded) break
      this.lines.remove({ itemId, lot })
      done.push({ itemId, quantity, mutationId: recorded.id })
    }
    if (done.length > 0) this.#options.done({ kind: 'moved', lines: done })
    if (this.lines.size > 0) return
    if (scan) await this.#options.device.scans.resolve(scan.id)
    this.setting.change({ since: this.#options.now() })
    this.#showResult('good', { kind: 'location', locationId: toLocationId, mode: 'move' })
  }

  async #discardLine(key: { itemId: string; lot: string }): Promise<void> {
    await this.#options.device.scans.dismiss(this.lines.of(key)?.scanIds ?? [], 'set aside') // stored; language-ok
    this.lines.remove(key)
    this.result.value = undefined
  }

  /** Returns false if the person stays, because the current count is not recorded. */
  async #switchLocation(locationId: string): Promise<boolean> {
    if (locationId === this.setting.locationId || this.holdsGoods) return true
    if (!(await this.#counting.leave())) return false
    this.setting.change({ locationId, since: this.#options.now() })
    this.result.value = undefined
    return true
  }

  async #undo(mutationId: string): Promise<RecordResult> {
    const result = await this.#recorder.withRetry(() => this.#options.device.undo(mutationId), '')
    const current = this.result.value
    if (result.saved && current?.kind === 'run') {
      this.result.value = { ...current, steps: current.steps.filter((step) => step.mutationId !== mutationId) }
    }
    return result
  }

  /** During the first sync, the server knows items that this device does not know yet. */
  async #lookUpRemotely(scan: ScanRecord, code: string): Promise<boolean> {
    const { device, api } = this.#options
    if (device.syncPoint.value.complete || this.setting.mode !== 'look') return false
    const found = await api.lookup(code).catch(() => null)
    if (!found) return false
    this.#showResult('good', { kind: 'remote', found })
    await device.scans.resolve(scan.id)
    return true
  }

  /** Restores after a restart: a move from its scans, a count by a prompt. */
  async #resume(): Promise<void> {
    const { device, now } = this.#options
    const { mode, locationId } = this.setting
    await this.#resumeCount()
    if (mode !== 'move' || locationId === null) return
    const isOfDraft = (scan: ScanRecord) =>
      scan.mode === mode && scan.locationId === locationId && scan.at > now() - RESUME_MS
    for (const scan of device.scans.unresolved.value.filter(isOfDraft).toReversed()) {
      const read = readScan(device.queries, scan, new Date(now()))
      if (read.kind !== 'item') continue
      // The move was recorded, but the restart came before its scans were resolved.
      if (this.lines.isMoved(scan, { itemId: read.item.id, locationId })) await device.scans.resolve(scan.id)
      else await this.#processItem({ ...read, scan }, mode)
    }
  }

  #showResult(tone: 'good' | 'bad', result: ScanResult): void {
    batch(() => {
      this.result.value = result
      this.#signal(tone)
    })
  }

  #signal(tone: 'good' | 'bad' | 'warn'): void {
    this.pulse.value = { tone, count: this.pulse.value.count + 1 }
    this.#options.feedback(tone === 'good' ? 'success' : tone === 'bad' ? 'error' : 'attention')
  }
}
