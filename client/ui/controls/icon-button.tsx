// A button with only an icon. Its label is read by screen readers and shown as the tooltip.
import type { Ref } from 'preact'
import { classes } from '../styles/classes.ts'
import { Icon, type IconShape } from './icon.tsx'
import './icon-button.css'

type Props = {
  readonly icon: IconShape
  readonly label: string
  readonly onPress: () => void
  /** On a filled background, as beside a quantity. */
  readonly filled?: boolean | undefined
  readonly disabled?: boolean | undefined
  readonly pressed?: boolean | undefined
  readonly ref?: Ref<HTMLButtonElement> | undefined
}

export function IconButton({ icon, label, onPress, filled = false, disabled, pressed, ref }: Props) {
  return (
    <button
      ref={ref ?? null}
      type="button"
      class={classes('icon-button', filled && 'filled')}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-pressed={pressed}
      onClick={onPress}
    >
      <Icon of={icon} />
    </button>
  )
}
