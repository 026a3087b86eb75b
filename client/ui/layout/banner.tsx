// The line on top: connection, what waits, as of when; or an update to take. Pressed as a whole where it leads on.
import type { ComponentChildren } from 'preact'
import { classes } from '../styles/classes.ts'
import { Icon, type IconShape } from '../controls/icon.tsx'
import './banner.css'

type Props = {
  readonly tone: 'good' | 'warn' | 'bad' | 'info' | 'quiet'
  readonly children: ComponentChildren
  readonly icon?: IconShape | undefined
  /** At its end, quieter: "as of 10:42". */
  readonly aside?: ComponentChildren
  readonly onPress?: (() => void) | undefined
  /** What there is to do now: a button of its own at the end, instead of pressing the whole. */
  readonly action?: ComponentChildren
}

export function Banner({ tone, children, icon, aside, onPress, action }: Props) {
  const inside = (
    <>
      {icon && <Icon of={icon} />}
      <span role="status" class="banner-text">
        {children}
      </span>
      {aside && <span class="banner-aside">{aside}</span>}
      {action && <span class="banner-action">{action}</span>}
    </>
  )
  const look = classes('banner', tone)
  return onPress && !action ? (
    <button type="button" class={look} onClick={onPress}>
      {inside}
    </button>
  ) : (
    <div class={look}>{inside}</div>
  )
}
