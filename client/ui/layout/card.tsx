// A card. With a title it is a section with a heading, and at its end one action.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { classes } from '../styles/classes.ts'
import './card.css'

type Props = {
  readonly children: ComponentChildren
  readonly title?: ComponentChildren
  /** Beside the title: a tag, a count. */
  readonly badge?: ComponentChildren
  /** At the end of the title: a link or a quiet button. */
  readonly action?: ComponentChildren
  /** A border in the colour of a state, as for the last scan. */
  readonly tone?: 'good' | 'warn' | 'bad' | undefined
  /** No padding, for lists and tables that reach the edge. */
  readonly flush?: boolean | undefined
  /** Screen readers announce its changes. */
  readonly live?: boolean | undefined
}

export function Card({ children, title, badge, action, tone, flush = false, live = false }: Props) {
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
          {badge}
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

/** One figure, with its label above and a note below. */
export function FigureCard({ label, value, note, tone, href }: FigureProps) {
  const content = (
    <>
      <span class="figure-label">{label}</span>
      <b class={classes('num', tone)}>{value}</b>
      {note && <span class="figure-label">{note}</span>}
    </>
  )
  return href === undefined ? (
    <div class="card figure">{content}</div>
  ) : (
    <a class="card figure" href={href}>
      {content}
    </a>
  )
}
