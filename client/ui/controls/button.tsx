// A button says what it does. Primary (one on a screen), secondary, quiet, danger; with `href` it is a link.
import type { ComponentChildren, Ref } from 'preact'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import { Icon, type IconShape } from './icon.tsx'
import './button.css'

type Props = {
  readonly children: ComponentChildren
  readonly kind?: 'primary' | 'secondary' | 'quiet' | 'danger' | undefined
  readonly onPress?: (() => void) | undefined
  readonly href?: string | undefined
  readonly icon?: IconShape | undefined
  readonly type?: 'button' | 'submit' | undefined
  /** Work is under way: presses are ignored, the width and the focus stay. */
  readonly busy?: boolean | undefined
  readonly disabled?: boolean | undefined
  /** As wide as its place. */
  readonly wide?: boolean | undefined
  readonly label?: string | undefined
  readonly pressed?: boolean | undefined
  readonly expanded?: boolean | undefined
  readonly ref?: Ref<HTMLButtonElement> | undefined
}

export function Button(props: Props) {
  const { children, kind = 'secondary', href, icon, busy = false, wide = false, label } = props
  const look = classes('button', kind, wide && 'wide', busy && 'busy')
  const inside = (
    <>
      {icon && <Icon of={icon} />}
      <span>{children}</span>
      {busy && <span class="only-read">{t('ui.busy')}</span>}
    </>
  )
  if (href !== undefined)
    return (
      <a class={look} href={href} aria-label={label} onClick={props.onPress}>
        {inside}
      </a>
    )
  return (
    <button
      ref={props.ref ?? null}
      class={look}
      type={props.type ?? 'button'}
      disabled={props.disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-label={label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else props.onPress?.()
      }}
    >
      {inside}
    </button>
  )
}
