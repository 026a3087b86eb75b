// The keyboard wedge distinguishes a scanner's keys from a person's, and turns each burst into one scan. Pure: it reads
// no clock, only the times that it is passed, which must be those at which the keys were pressed, not handled. So ten
// scans in a second are ten scans, even if the page was busy.
//
// A burst is a sequence of characters at a scanner's pace. It ends with Enter or Tab, or with a pause. Text that is
// committed at once, without keys, is a scan of its own.
import { readCode, type CodeRules, type Scan } from './code.ts'

export type WedgeSettings = CodeRules & {
  /** The longest pause within a scan, which also ends a scan without a terminator. Milliseconds. */
  readonly pauseMs: number
  /**
   * A burst comes from a scanner if its mean gap is at most this. The fastest typing of people is above 50 ms.
   * Milliseconds.
   */
  readonly paceMs: number
  /** Shorter bursts in a field were typed by a person. Outside a field two characters are enough. */
  readonly minLength: number
}

export const WEDGE_DEFAULTS: WedgeSettings = {
  pauseMs: 100,
  paceMs: 35,
  minLength: 4,
  prefix: '',
  suffix: '',
  groupSeparator: '',
}

/** Milliseconds on the clock of event.timeStamp. */
export type KeyStroke = {
  readonly text: string
  readonly at: number
  /** The key would write into a field, so a person may be typing. */
  readonly inField: boolean
}

export type Verdict = {
  readonly scans: readonly Scan[]
  /** Hide the key from the page, because it belongs to a scan. */
  readonly isConsumed: boolean
}

// A scanner without a terminator shows its pace; a pause this many times longer ends its scan.
const PAUSE_IN_GAPS = 8
// With a shorter pause, a hiccup of the connection would cut one scan in two.
const PAUSE_MIN_MS = 40
// Fewer gaps do not show a pace.
const PACE_GAPS_MIN = 4
// A second terminator (CR and LF), or a late one after a pause, still belongs to the scan and must not press a button.
const SECOND_TERMINATOR_MS = 50
const LATE_TERMINATOR_MS = 250
// No scanner is this slow between the first characters of a code, and people are hardly faster. Characters before
// such a gap were typed, and the scan begins after it.
const PERSON_GAP_MS = 50
// Longer than any code. Further characters are a scan of their own, so that memory is bounded.
const BURST_MAX = 8192
const MIN_LENGTH_OUTSIDE = 2
const COMMIT_MIN_LENGTH = 3

type Burst = { text: string; firstAt: number; lastAt: number; longestGapMs: number; gaps: number; inField: boolean }

export class Wedge {
  #settings: WedgeSettings
  #burst: Burst | undefined
  #consumesTerminatorUntil = -Infinity

  constructor(settings: Partial<WedgeSettings> = {}) {
    this.#settings = { ...WEDGE_DEFAULTS, ...settings }
  }

  configure(settings: Partial<WedgeSettings>): void {
    this.#settings = { ...this.#settings, ...settings }
  }

  /** Handles one character key. */
  key({ text, at, inField }: KeyStroke): Verdict {
    const scans = this.#endIfPaused(at)
    const before = this.#burst
    const burst = before && at - before.lastAt > PERSON_GAP_MS && !this.#isScan() ? undefined : before
    if (burst) {
      burst.longestGapMs = Math.max(burst.longestGapMs, at - burst.lastAt)
      burst.gaps += 1
      burst.text += text
      burst.lastAt = Math.max(burst.lastAt, at)
    } else {
      this.#burst = { text, firstAt: at, lastAt: at, longestGapMs: 0, gaps: 0, inField }
    }
    const isConsumed = this.#isScan()
    if ((this.#burst?.text.length ?? 0) >= BURST_MAX) scans.push(...this.#end(at, 0))
    return { scans, isConsumed }
  }

  /** Handles Enter or Tab. Consumed if it ends a scan or follows one; otherwise a person pressed it. */
  terminator(at: number): Verdict {
    const scans = this.#endIfPaused(at)
    if (this.#burst && this.#isScan())
      return { scans: [...scans, ...this.#end(at, SECOND_TERMINATOR_MS)], isConsumed: true }
    this.#burst = undefined
    return { scans, isConsumed: at <= this.#consumesTerminatorUntil }
  }

  /** Handles text that was committed at once. Each line is a scan, unless one is too short to be a code. */
  commit({ text, at, inField }: KeyStroke): Verdict {
    const scans = [...this.#endIfPaused(at), ...(this.#isScan() ? this.#end(at, 0) : [])]
    this.#burst = undefined
    const lines = text.split(/[\r\n\t]+/).filter((line) => line.length > 0)
    const minLength = inField ? this.#settings.minLength : COMMIT_MIN_LENGTH
    if (lines.length === 0 || lines.some((line) => Array.from(line).length < minLength))
      return { scans, isConsumed: false }
    this.#consumesTerminatorUntil = at + LATE_TERMINATOR_MS
    return { scans: [...scans, ...lines.map((line) => readCode(line, at, this.#settings))], isConsumed: true }
  }

  /** Handles a key that no scanner sends (Backspace, an arrow, a key held down), so a person pressed it. */
  interrupt(at: number): Verdict {
    const scans = this.#endIfPaused(at)
    this.#burst = undefined
    return { scans, isConsumed: false }
  }

  /** When to call `pause`, if no key is pressed before. */
  get deadline(): number | undefined {
    return this.#burst && this.#burst.lastAt + this.#pauseMs(this.#burst)
  }

  /** No key was pressed until `at`. The caller has made sure that no earlier key is still undelivered. */
  pause(at: number): Verdict {
    return { scans: this.#endIfPaused(at), isConsumed: false }
  }

  /** The number of characters of the current burst. 1 means that the last key began it. */
  get burstLength(): number {
    return this.#burst?.text.length ?? 0
  }

  #endIfPaused(at: number): Scan[] {
    const burst = this.#burst
    if (!burst || at - burst.lastAt <= this.#pauseMs(burst)) return []
    if (this.#isScan()) return this.#end(burst.lastAt, LATE_TERMINATOR_MS)
    this.#burst = undefined
    return []
  }

  #end(at: number, consumeTerminatorMs: number): Scan[] {
    const burst = this.#burst
    this.#burst = undefined
    if (!burst) return []
    this.#consumesTerminatorUntil = at + consumeTerminatorMs
    return [readCode(burst.text, burst.firstAt, this.#settings)]
  }

  #isScan(): boolean {
    const burst = this.#burst
    if (!burst) return false
    const minLength = burst.inField ? this.#settings.minLength : MIN_LENGTH_OUTSIDE
    return burst.text.length >= minLength && meanGapMs(burst) <= this.#settings.paceMs
  }

  /** Adapts to the burst's own pace. Never longer than the setting. */
  #pauseMs({ longestGapMs, gaps }: Burst): number {
    const { pauseMs } = this.#settings
    if (gaps < PACE_GAPS_MIN) return pauseMs
    return Math.min(pauseMs, Math.max(PAUSE_MIN_MS, longestGapMs * PAUSE_IN_GAPS))
  }
}

function meanGapMs({ firstAt, lastAt, gaps }: Burst): number {
  return gaps === 0 ? 0 : (lastAt - firstAt) / gaps
}
