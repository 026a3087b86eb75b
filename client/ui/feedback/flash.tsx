// The full-width flash that answers a scan within a frame. `beat` is any number that grows with each scan; the colour
// is beside the sound, the word and the card, never instead of them. Nothing moves where the person asked for none.
import { useEffect, useRef } from 'preact/hooks'
import './flash.css'

type Props = { readonly tone: 'good' | 'warn' | 'bad'; readonly pulse: number }

const FLASH_MS = 140

export function Flash({ tone, pulse }: Props) {
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (pulse === 0 || !element.current) return
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    const run = element.current.animate([{ opacity: 0.4 }, { opacity: calm ? 0.4 : 0 }], { duration: FLASH_MS })
    return () => run.cancel()
  }, [pulse])
  return <div ref={element} class={`flash ${tone}`} aria-hidden="true" />
}
