// Sound and vibration of a scan. Success rises, an error falls and buzzes, attention repeats, so that people can
// distinguish them without looking. Muting silences the sound, not the vibration.

export type FeedbackKind = 'success' | 'error' | 'attention'

export type Feedback = {
  readonly play: (kind: FeedbackKind) => void
  /** Call this from a key press or a scan, because browsers allow sound only after one. */
  readonly prepare: () => void
}

type Tone = {
  readonly hertz: number
  readonly atMs: number
  readonly durationMs: number
  readonly wave: OscillatorType
}

const TONES: Readonly<Record<FeedbackKind, readonly Tone[]>> = {
  success: [
    { hertz: 1175, atMs: 0, durationMs: 55, wave: 'sine' },
    { hertz: 1760, atMs: 60, durationMs: 80, wave: 'sine' },
  ],
  error: [
    { hertz: 330, atMs: 0, durationMs: 150, wave: 'square' },
    { hertz: 220, atMs: 170, durationMs: 260, wave: 'square' },
  ],
  attention: [
    { hertz: 880, atMs: 0, durationMs: 90, wave: 'triangle' },
    { hertz: 880, atMs: 150, durationMs: 90, wave: 'triangle' },
  ],
}

/** Milliseconds on, off, on. */
const VIBRATIONS: Readonly<Record<FeedbackKind, readonly number[]>> = {
  success: [40],
  error: [120, 80, 220],
  attention: [60, 60, 60],
}

const GAIN = 0.4
// Square waves are louder than sines.
const SQUARE_GAIN = 0.16
// Without a ramp, a sound clicks when it starts and stops.
const RAMP_MS = 6

/** `isMuted` is called for each scan. Skips sound or vibration if the browser does not support it. */
export function createFeedback({ isMuted }: { readonly isMuted: () => boolean }): Feedback {
  let audio: AudioContext | undefined
  const resumeAudio = (): AudioContext | undefined => {
    if (typeof AudioContext === 'undefined') return undefined
    audio ??= new AudioContext({ latencyHint: 'interactive' })
    if (audio.state !== 'running') void audio.resume()
    return audio
  }
  return {
    prepare: () => void resumeAudio(),
    play: (kind) => {
      if ('vibrate' in navigator) navigator.vibrate([...VIBRATIONS[kind]])
      const context = isMuted() ? undefined : resumeAudio()
      if (!context) return
      for (const tone of TONES[kind]) playTone(context, tone)
    },
  }
}

function playTone(audio: AudioContext, { hertz, atMs, durationMs, wave }: Tone): void {
  const startsAt = audio.currentTime + atMs / 1000
  const endsAt = startsAt + durationMs / 1000
  const peak = wave === 'square' ? SQUARE_GAIN : GAIN
  const gain = audio.createGain()
  gain.gain.setValueAtTime(0, startsAt)
  gain.gain.linearRampToValueAtTime(peak, startsAt + RAMP_MS / 1000)
  gain.gain.setValueAtTime(peak, endsAt - RAMP_MS / 1000)
  gain.gain.linearRampToValueAtTime(0, endsAt)
  const oscillator = new OscillatorNode(audio, { type: wave, frequency: hertz })
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(startsAt)
  oscillator.stop(endsAt)
}
