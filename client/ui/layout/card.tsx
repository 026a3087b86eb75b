// What lies on the page. With a title it is a section with a heading and, at its end, one thing to do.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { classes } from '../styles/classes.ts'
import './card.css'

type Props = {
  readonly children: ComponentChildren
  readonly title?: ComponentChildren
  /** Beside the title: a Tag, a count. */
  readonly mark?: ComponentChildren
  /** At the title's end: a link or a quiet button. */
  readonly action?: ComponentChildren
  /** Rings the card in a state's colour: the scan that was just made. */
  readonly tone?: 'good' | 'warn' | 'bad' | undefined
  /** No padding: for lists and tables that draw to the edge. */
  readonly flush?: boolean | undefined
  /** Announced when it changes. */
  readonly live?: boolean | undefined
}

export function Card({ children, title, mark, action, tone, flush = false, live = false }: Props) {
  const id = useId()
  return (
    <section
      class={classes('card', tone, flush && 'flush')}
      aria-labelledby={title ? id : undefined}
      aria-live={live ? 'polite' : undefined}
    >
      {title && (
        <header class="card-head">
          <h2 id={id}>{title}</h2>
          {mark}
          {action && <div class="end">{action}</div>}
        </header>
      )}
      {children}
    </section>
  )
}

type FigureProps = {
  readonly label: string
  readonly value: string
  readonly note?: ComponentChildren
  readonly tone?: 'good' | 'warn' | 'bad' | undefined
  readonly href?: string | undefined
}

/** One number that matters, with its name above and what it is about below. */
export function FigureCard({ label, value, note, tone, href }: FigureProps) {
  const inside = (
    <>
      <span class="figure-label">{label}</span>
      <b class={classes('num', tone)}>{value}</b>
      {note && <span class="figure-label">{note}</span>}
    </>
  )
  return href === undefined ? (
    <div class="card figure">{inside}</div>
  ) : (
    <a class="card figure" href={href}>
      {inside}
    </a>
  )
}
