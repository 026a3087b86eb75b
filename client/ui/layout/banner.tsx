// The line at the top: connection, pending mutations, and how recent the data is. The whole line is a button if
// `onPress` is set.
import type { ComponentChildren } from 'preact'
import { classes } from '../styles/classes.ts'
import { Icon, type IconShape } from '../controls/icon.tsx'
import './banner.css'

type Props = {
  readonly tone: 'good' | 'warn' | 'bad' | 'info' | 'quiet'
  readonly children: ComponentChildren
  readonly icon?: IconShape | undefined
  /** Secondary text at the end: "as of 10:42". */
  readonly note?: ComponentChildren
  readonly onPress?: (() => void) | undefined
  /** A button at the end, which replaces the press on the whole line. */
  readonly action?: ComponentChildren
}

export function Banner({ tone, children, icon, note, onPress, action }: Props) {
  const content = (
    <>
      {icon && <Icon of={icon} />}
      <span role="status" class="banner-text">
        {children}
      </span>
      {note && <span class="banner-note">{note}</span>}
      {action && <span class="banner-action">{action}</span>}
    </>
  )
  const className = classes('banner', tone)
  return onPress && !action ? (
    <button type="button" class={className} onClick={onPress}>
      {content}
    </button>
  ) : (
    <div class={className}>{content}</div>
  )
}
