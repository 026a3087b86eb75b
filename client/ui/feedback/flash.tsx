// A full-width flash that answers a scan within a frame. `pulse` is a number that increases with each scan. The colour
// supplements the sound, the text and the card. Does not animate if the person prefers reduced motion.
import { useEffect, useRef } from 'preact/hooks'
import './flash.css'

type Props = { readonly tone: 'good' | 'warn' | 'bad'; readonly pulse: number }

const FLASH_MS = 140

export function Flash({ tone, pulse }: Props) {
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (pulse === 0 || !element.current) return
    const prefersStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    const animation = element.current.animate([{ opacity: 0.4 }, { opacity: prefersStill ? 0.4 : 0 }], {
      duration: FLASH_MS,
    })
    return () => animation.cancel()
  }, [pulse])
  return <div ref={element} class={`flash ${tone}`} aria-hidden="true" />
}
