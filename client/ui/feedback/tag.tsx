// A state as a word, so that colour is never the only signal; good and bad also have a sign.
import type { ComponentChildren } from 'preact'
import { classes } from '../styles/classes.ts'
import './tag.css'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

type Props = {
  readonly tone: Tone
  readonly children: ComponentChildren
  readonly sign?: string | undefined
}

export function Tag({ tone, children, sign = SIGN[tone] }: Props) {
  return (
    <span class={classes('tag', tone)}>
      {sign && <span aria-hidden="true">{sign}</span>}
      {children}
    </span>
  )
}

const SIGN: Readonly<Record<Tone, string>> = { good: '✓', warn: '', bad: '!', info: '', plain: '' }
