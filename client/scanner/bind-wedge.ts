// Connects the wedge to a page: passes it every key with the time of its event, before any other listener, and restores
// fields that a scan wrote into. Also handles text that arrives without keys (beforeinput). A paste into a field stays
// a paste.
import type { Scan } from './code.ts'
import { catcherOf, isCatcher, type FocusCatcher } from './wedge-catcher.ts'
import { Wedge, type Verdict, type WedgeSettings } from './wedge.ts'

type TextField = HTMLInputElement | HTMLTextAreaElement

type Snapshot = {
  readonly field: TextField
  readonly value: string
  readonly start: number | null
  readonly end: number | null
}

export type WedgeBinding = {
  readonly configure: (settings: Partial<WedgeSettings>) => void
  /** Focuses an invisible field while nothing else has the focus, for scanners that commit text to a field. */
  readonly catchText: (on: boolean) => void
  readonly stop: () => void
}

// Keys pressed before the pause may still be on their way from the system.
const DELIVERY_MS = 16
// A timer this late means that the page was busy. Keys pressed in the meantime must be handled first.
const BUSY_MS = 25

/** Scans have `at` in Unix ms. `onScan` is `publishScan`, except in tests. */
export function bindWedge(
  page: Window,
  onScan: (scan: Scan) => void,
  settings: Partial<WedgeSettings> = {},
): WedgeBinding {
  const wedge = new Wedge(settings)
  const catcher = catcherOf(page.document)
  const listener = new PageListener(wedge, catcher, onScan)
  const abort = new AbortController()
  const options = { capture: true, signal: abort.signal }
  page.addEventListener('keydown', (event) => listener.keyDown(event), options)
  page.addEventListener('beforeinput', (event) => listener.beforeInput(event), options)
  page.addEventListener('input', (event) => listener.input(event), options)
  page.addEventListener('paste', (event) => listener.paste(event), options)
  return {
    configure: (changed) => wedge.configure(changed),
    catchText: (on) => catcher.holdFocus(on),
    stop: () => {
      abort.abort()
      listener.stop()
      catcher.holdFocus(false)
    },
  }
}

class PageListener {
  readonly #wedge: Wedge
  readonly #catcher: FocusCatcher
  readonly #onScan: (scan: Scan) => void
  /** The field's value before the current burst. */
  #snapshot: Snapshot | undefined
  #undoNextInput: Snapshot | undefined
  /** The character whose keydown was already handled, so that its beforeinput is not handled again. */
  #keyText: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(wedge: Wedge, catcher: FocusCatcher, onScan: (scan: Scan) => void) {
    this.#wedge = wedge
    this.#catcher = catcher
    this.#onScan = onScan
  }

  keyDown(event: KeyboardEvent): void {
    this.#keyText = undefined
    const text = textOf(event)
    if (text === 'none') return
    if (text === 'other' || event.repeat) this.#apply(undefined, this.#wedge.interrupt(event.timeStamp))
    else if (text === 'terminator') this.#apply(event, this.#wedge.terminator(event.timeStamp))
    else {
      this.#keyText = text.character
      this.#character(event, text.character)
    }
  }

  beforeInput(event: InputEvent): void {
    const data = event.data ?? ''
    if (event.inputType === 'insertLineBreak' && this.#keyText === undefined) {
      this.#apply(event, this.#wedge.terminator(event.timeStamp))
    }
    if (event.inputType !== 'insertText' || event.isComposing || data === '') return
    if (data === this.#keyText) this.#keyText = undefined
    else if (Array.from(data).length === 1) this.#character(event, data)
    else this.#commit(event, data)
  }

  input(event: Event): void {
    if (isCatcher(event.target)) this.#catcher.clear()
    const undo = this.#undoNextInput
    if (undo === undefined || undo.field !== event.target) return
    this.#undoNextInput = undefined
    event.stopImmediatePropagation()
    restore(undo)
  }

  paste(event: ClipboardEvent): void {
    if (isEditable(event.target) && !isCatcher(event.target)) return
    const text = event.clipboardData?.getData('text/plain') ?? ''
    this.#apply(event, this.#wedge.commit({ text, at: event.timeStamp, inField: false }))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #character(event: Event, text: string): void {
    const field = fieldOf(event.target)
    // Read before the wedge handles the key, because a pause that ends the previous burst belongs to the value before
    // it.
    const before = field && snapshotOf(field)
    const verdict = this.#wedge.key({ text, at: event.timeStamp, inField: field !== undefined })
    if (this.#wedge.burstLength === 1) {
      this.#apply(undefined, { scans: verdict.scans, isConsumed: false })
      this.#snapshot = before
    } else this.#apply(event, verdict)
  }

  #commit(event: InputEvent, text: string): void {
    const field = fieldOf(event.target)
    if (field && !mayBeScan(field, text)) return
    const verdict = this.#wedge.commit({ text, at: event.timeStamp, inField: field !== undefined })
    // Android's keyboards cannot be prevented from writing, so their input is undone afterwards.
    if (verdict.isConsumed && field && !event.cancelable) this.#undoNextInput = snapshotOf(field)
    this.#snapshot = undefined // text typed earlier stays
    this.#apply(event, verdict)
  }

  #apply(event: Event | undefined, { scans, isConsumed }: Verdict): void {
    if (isConsumed && event) {
      if (event.cancelable) event.preventDefault()
      event.stopImmediatePropagation()
    }
    if ((isConsumed || scans.length > 0) && this.#snapshot) {
      restore(this.#snapshot)
      this.#snapshot = undefined
    }
    if (this.#wedge.burstLength === 0) this.#snapshot = undefined
    const drift = Date.now() - performance.now()
    for (const scan of scans) this.#onScan({ ...scan, at: Math.round(drift + scan.at) })
    this.#startPauseTimer()
  }

  #startPauseTimer(): void {
    clearTimeout(this.#timer)
    const { deadline } = this.#wedge
    if (deadline === undefined) return
    const pause = (): void => this.#apply(undefined, this.#wedge.pause(performance.now()))
    const endsAt = deadline + DELIVERY_MS
    const wait = Math.max(0, endsAt - performance.now())
    this.#timer = setTimeout(() => {
      if (performance.now() - endsAt > BUSY_MS) this.#timer = setTimeout(pause, DELIVERY_MS)
      else pause()
    }, wait)
  }
}

/** `none`: ignore the key. `other`: a key that no scanner sends. */
function textOf(event: KeyboardEvent): 'none' | 'other' | 'terminator' | { character: string } {
  const { key } = event
  // Input methods do not name the key. The text arrives by beforeinput.
  if (event.isComposing || key === 'Unidentified' || key === 'Process' || SILENT_KEYS.has(key)) return 'none'
  if (key === 'Enter' || key === 'Tab') return 'terminator'
  // Control codes as scanners send them: GS is Ctrl+], a line feed is Ctrl+J.
  const isControl = event.ctrlKey && !event.altKey && !event.metaKey
  if (key === GROUP_SEPARATOR || (isControl && key === ']')) return { character: GROUP_SEPARATOR }
  if (isControl && key.toLowerCase() === 'j') return 'terminator'
  const isShortcut = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState('AltGraph')
  return isShortcut || Array.from(key).length !== 1 ? 'other' : { character: key }
}

const GROUP_SEPARATOR = '\x1d'
const SILENT_KEYS: ReadonlySet<string> = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'CapsLock', 'NumLock', 'Dead'])
const TEXTLESS_TYPES: ReadonlySet<string> = new Set([
  'button',
  'checkbox',
  'radio',
  'range',
  'color',
  'file',
  'submit',
  'reset',
  'image',
])

/** Returns a field in which a person can type. The catcher is not one. */
function fieldOf(target: EventTarget | null): TextField | undefined {
  if (isCatcher(target)) return undefined
  if (target instanceof HTMLTextAreaElement) return target
  return target instanceof HTMLInputElement && !TEXTLESS_TYPES.has(target.type) ? target : undefined
}

/** Suggestions, dictation and password managers commit whole words to a field too. A scan has a digit and no space. */
function mayBeScan({ type }: TextField, text: string): boolean {
  return type !== 'password' && type !== 'email' && /^\S*\d\S*$/.test(text)
}

function isEditable(target: EventTarget | null): boolean {
  return fieldOf(target) !== undefined || (target instanceof HTMLElement && target.isContentEditable)
}

/** Selections are null in inputs that do not support them (email, date). */
function snapshotOf(field: TextField): Snapshot {
  return { field, value: field.value, start: field.selectionStart, end: field.selectionEnd }
}

function restore({ field, value, start, end }: Snapshot): void {
  if (field.value === value) return
  field.value = value
  if (start !== null) field.setSelectionRange(start, end)
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
