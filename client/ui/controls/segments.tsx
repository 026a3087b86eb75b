// A choice between a few visible options, such as the mode. Arrow keys move the choice, as in a radio group.
import { classes } from '../styles/classes.ts'
import { Icon, type IconShape } from './icon.tsx'
import './segments.css'

type Props<Value extends string> = {
  /** Names the choice for screen readers: "What scanning does". */
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string; readonly icon?: IconShape | undefined }[]
  readonly onChange: (value: Value) => void
  /** One line without icons, for filters within a screen. */
  readonly compact?: boolean | undefined
}

export function Segments<Value extends string>({ label, value, options, onChange, compact = false }: Props<Value>) {
  const move = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const step = STEP[event.key]
    if (step === undefined) return
    event.preventDefault()
    const current = options.findIndex((option) => option.value === value)
    const next = (current + step + options.length) % options.length
    const selected = options[next]
    if (!selected) return
    onChange(selected.value)
    event.currentTarget.querySelectorAll('button')[next]?.focus()
  }
  return (
    <div class={classes('segments', compact && 'compact')} role="radiogroup" aria-label={label} onKeyDown={move}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
        >
          {option.icon && !compact && <Icon of={option.icon} />}
          <span>{option.label}</span>
        </button>
      ))}
    </div>
  )
}

const STEP: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }
