// The keyboard wedge: tells a scanner's keys from a person's, and makes each burst one scan. Pure: it reads no clock,
// only the times it is handed, which must be those at which the keys were pressed and not those at which they were
// handled. So ten scans in a second are ten scans, also when the page was too busy to look.
//
// A burst is characters at a scanner's pace. It ends with Enter or Tab, or with a pause. Text that arrives at once
// (committed without keys) is a scan by itself.
import { readCode, type CodeRules, type Scan } from './code.ts'

export type WedgeSettings = CodeRules & {
  /** The longest pause within a scan, and the one that ends a scan without a terminator. Milliseconds. */
  readonly pauseMs: number
  /** A burst is a scanner's when its mean gap is at most this. People's fastest runs are above 50 ms. Milliseconds. */
  readonly paceMs: number
  /** Shorter bursts in a field are a person's; outside a field two characters are enough. */
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
  /** It would be written into a field: a person may be typing. */
  readonly inField: boolean
}

export type Verdict = {
  readonly scans: readonly Scan[]
  /** Keep the key from the page: it belongs to a scan. */
  readonly take: boolean
}

// A scanner that sends no terminator shows its pace; a pause this many times longer ends its scan.
const PAUSE_IN_GAPS = 8
// Below this a hiccup in the connection would cut one scan in two.
const PAUSE_MIN_MS = 40
// Fewer gaps say nothing about a pace.
const PACE_GAPS_MIN = 4
// A second terminator (CR and LF), or a late one behind a pause, is still the scanner's and must press no button.
const ECHO_MS = 50
const LATE_TERMINATOR_MS = 250
// No scanner is this slow between the first characters of a code, and hardly a person faster: what was before the gap
// was typed, and the scan begins behind it.
const PERSON_GAP_MS = 50
// Longer than any code: what comes beyond is a scan of its own rather than memory without a bound.
const BURST_MAX = 8192
const MIN_LENGTH_OUTSIDE = 2
const COMMIT_MIN_LENGTH = 3

type Burst = { text: string; firstAt: number; lastAt: number; longestGapMs: number; gaps: number; inField: boolean }

export class Wedge {
  #settings: WedgeSettings
  #burst: Burst | undefined
  #ownsTerminatorUntil = -Infinity

  constructor(settings: Partial<WedgeSettings> = {}) {
    this.#settings = { ...WEDGE_DEFAULTS, ...settings }
  }

  configure(settings: Partial<WedgeSettings>): void {
    this.#settings = { ...this.#settings, ...settings }
  }

  /** One character key. */
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
    const take = this.#isScan()
    if ((this.#burst?.text.length ?? 0) >= BURST_MAX) scans.push(...this.#end(at, 0))
    return { scans, take }
  }

  /** Enter or Tab. Taken where it ends a scan, or trails one; else it is a person's. */
  terminator(at: number): Verdict {
    const scans = this.#endIfPaused(at)
    if (this.#burst && this.#isScan()) return { scans: [...scans, ...this.#end(at, ECHO_MS)], take: true }
    this.#burst = undefined
    return { scans, take: at <= this.#ownsTerminatorUntil }
  }

  /** Text that came at once. Each line of it is a scan; nothing, when it is too short to be one. */
  commit({ text, at, inField }: KeyStroke): Verdict {
    const scans = [...this.#endIfPaused(at), ...(this.#isScan() ? this.#end(at, 0) : [])]
    this.#burst = undefined
    const lines = text.split(/[\r\n\t]+/).filter((line) => line.length > 0)
    const least = inField ? this.#settings.minLength : COMMIT_MIN_LENGTH
    if (lines.length === 0 || lines.some((line) => Array.from(line).length < least)) return { scans, take: false }
    this.#ownsTerminatorUntil = at + LATE_TERMINATOR_MS
    return { scans: [...scans, ...lines.map((line) => readCode(line, at, this.#settings))], take: true }
  }

  /** A key that no scanner sends (Backspace, an arrow, a key held down): whoever pressed it is a person. */
  interrupt(at: number): Verdict {
    const scans = this.#endIfPaused(at)
    this.#burst = undefined
    return { scans, take: false }
  }

  /** When to call `pause`, if no key comes before. */
  get deadline(): number | undefined {
    return this.#burst && this.#burst.lastAt + this.#pauseMs(this.#burst)
  }

  /** Nothing came until `at`. The caller has made sure that no key pressed before `at` still waits to be handed in. */
  pause(at: number): Verdict {
    return { scans: this.#endIfPaused(at), take: false }
  }

  /** Characters of the burst under way. 1 says that the last key began it. */
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

  #end(at: number, ownsTerminatorMs: number): Scan[] {
    const burst = this.#burst
    this.#burst = undefined
    if (!burst) return []
    this.#ownsTerminatorUntil = at + ownsTerminatorMs
    return [readCode(burst.text, burst.firstAt, this.#settings)]
  }

  #isScan(): boolean {
    const burst = this.#burst
    if (!burst) return false
    const least = burst.inField ? this.#settings.minLength : MIN_LENGTH_OUTSIDE
    return burst.text.length >= least && meanGapMs(burst) <= this.#settings.paceMs
  }

  /** Adapts to the burst's own pace, and never waits longer than the setting. */
  #pauseMs({ longestGapMs, gaps }: Burst): number {
    const { pauseMs } = this.#settings
    if (gaps < PACE_GAPS_MIN) return pauseMs
    return Math.min(pauseMs, Math.max(PAUSE_MIN_MS, longestGapMs * PAUSE_IN_GAPS))
  }
}

function meanGapMs({ firstAt, lastAt, gaps }: Burst): number {
  return gaps === 0 ? 0 : (lastAt - firstAt) / gaps
}
