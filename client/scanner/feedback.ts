// What a scan sounds and feels like. Success rises, an error falls and buzzes, attention repeats: told apart with the
// eyes elsewhere. Silent where the person muted it; the vibration stays.

export type FeedbackKind = 'success' | 'error' | 'attention'

export type Feedback = {
  readonly give: (kind: FeedbackKind) => void
  /** From a press or a scan: browsers let sound out only after one. */
  readonly prepare: () => void
}

type Tone = { readonly hertz: number; readonly atMs: number; readonly lastsMs: number; readonly wave: OscillatorType }

const TONES: Readonly<Record<FeedbackKind, readonly Tone[]>> = {
  success: [
    { hertz: 1175, atMs: 0, lastsMs: 55, wave: 'sine' },
    { hertz: 1760, atMs: 60, lastsMs: 80, wave: 'sine' },
  ],
  error: [
    { hertz: 330, atMs: 0, lastsMs: 150, wave: 'square' },
    { hertz: 220, atMs: 170, lastsMs: 260, wave: 'square' },
  ],
  attention: [
    { hertz: 880, atMs: 0, lastsMs: 90, wave: 'triangle' },
    { hertz: 880, atMs: 150, lastsMs: 90, wave: 'triangle' },
  ],
}

/** Milliseconds on, off, on. */
const VIBRATIONS: Readonly<Record<FeedbackKind, readonly number[]>> = {
  success: [40],
  error: [120, 80, 220],
  attention: [60, 60, 60],
}

const LOUDNESS = 0.4
// Square waves carry further than sines.
const SQUARE_LOUDNESS = 0.16
// A sound that starts or stops at full strength clicks.
const RAMP_MS = 6

/** `isMuted` is asked at each scan. Where the browser has no audio or no motor, that part is left out. */
export function createFeedback({ isMuted }: { readonly isMuted: () => boolean }): Feedback {
  let audio: AudioContext | undefined
  const wake = (): AudioContext | undefined => {
    if (typeof AudioContext === 'undefined') return undefined
    audio ??= new AudioContext({ latencyHint: 'interactive' })
    if (audio.state !== 'running') void audio.resume()
    return audio
  }
  return {
    prepare: () => void wake(),
    give: (kind) => {
      if ('vibrate' in navigator) navigator.vibrate([...VIBRATIONS[kind]])
      const context = isMuted() ? undefined : wake()
      if (!context) return
      for (const tone of TONES[kind]) play(context, tone)
    },
  }
}

function play(audio: AudioContext, { hertz, atMs, lastsMs, wave }: Tone): void {
  const startsAt = audio.currentTime + atMs / 1000
  const endsAt = startsAt + lastsMs / 1000
  const loudness = wave === 'square' ? SQUARE_LOUDNESS : LOUDNESS
  const gain = audio.createGain()
  gain.gain.setValueAtTime(0, startsAt)
  gain.gain.linearRampToValueAtTime(loudness, startsAt + RAMP_MS / 1000)
  gain.gain.setValueAtTime(loudness, endsAt - RAMP_MS / 1000)
  gain.gain.linearRampToValueAtTime(0, endsAt)
  const oscillator = new OscillatorNode(audio, { type: wave, frequency: hertz })
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(startsAt)
  oscillator.stop(endsAt)
}
