// A button with a text: primary (one on a screen), secondary, quiet or danger. With `href` it is a link.
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
  /** While busy, presses are ignored; the width and the focus stay. */
  readonly busy?: boolean | undefined
  readonly disabled?: boolean | undefined
  /** Fills the width of its container. */
  readonly wide?: boolean | undefined
  readonly label?: string | undefined
  readonly pressed?: boolean | undefined
  readonly expanded?: boolean | undefined
  readonly ref?: Ref<HTMLButtonElement> | undefined
}

export function Button(props: Props) {
  const { children, kind = 'secondary', href, icon, busy = false, wide = false, label } = props
  const className = classes('button', kind, wide && 'wide', busy && 'busy')
  const content = (
    <>
      {icon && <Icon of={icon} />}
      <span>{children}</span>
      {busy && <span class="only-read">{t('ui.busy')}</span>}
    </>
  )
  if (href !== undefined)
    return (
      <a class={className} href={href} aria-label={label} onClick={props.onPress}>
        {content}
      </a>
    )
  return (
    <button
      ref={props.ref ?? null}
      class={className}
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
      {content}
    </button>
  )
}
