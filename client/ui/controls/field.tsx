// A form field with its label, hint and error. The screen validates; the field shows and announces the error.
import type { ComponentChildren, Ref } from 'preact'
import { useId, useState } from 'preact/hooks'
import { CircleAlert, Eye, EyeOff, Search } from 'lucide-preact'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import { Icon } from './icon.tsx'
import { IconButton } from './icon-button.tsx'
import './field.css'

type Frame = {
  readonly label: string
  /** Only screen readers read the label, because the context shows it (a search box). */
  readonly hideLabel?: boolean | undefined
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly disabled?: boolean | undefined
  readonly required?: boolean | undefined
}

type TextProps = Frame & {
  readonly value: string
  readonly onInput: (value: string) => void
  readonly kind?: 'text' | 'password' | 'search' | 'email' | 'number' | 'date' | 'multiline' | undefined
  /** `none` hides the on-screen keyboard; `decimal` is for quantities. The default depends on `kind`. */
  readonly inputMode?: 'none' | 'text' | 'decimal' | 'numeric' | 'search' | 'email' | 'url' | undefined
  readonly name?: string | undefined
  readonly autoComplete?: string | undefined
  readonly placeholder?: string | undefined
  /** Shown after the value: a unit, a currency. */
  readonly unit?: string | undefined
  readonly maxLength?: number | undefined
  readonly autoFocus?: boolean | undefined
  readonly onEnter?: (() => void) | undefined
  readonly ref?: Ref<HTMLInputElement> | undefined
}

export function Field(props: TextProps) {
  const id = useId()
  const [isPasswordVisible, setPasswordVisible] = useState(false)
  const { kind = 'text', error, hint } = props
  const shared = {
    id,
    value: props.value,
    name: props.name,
    disabled: props.disabled,
    required: props.required,
    placeholder: props.placeholder,
    maxLength: props.maxLength,
    'aria-invalid': error ? true : undefined,
    'aria-describedby': error || hint ? `${id}-says` : undefined,
    onInput: (event: Event) => props.onInput((event.currentTarget as HTMLInputElement | HTMLTextAreaElement).value),
  }
  if (kind === 'multiline') {
    return (
      <FieldFrame id={id} frame={props}>
        <textarea {...shared} rows={3} />
      </FieldFrame>
    )
  }
  return (
    <FieldFrame id={id} frame={props}>
      {kind === 'search' && <Icon of={Search} />}
      <input
        {...shared}
        ref={props.ref ?? null}
        type={(kind === 'password' && isPasswordVisible ? 'text' : NATIVE_TYPE[kind]) as 'text'}
        inputMode={props.inputMode ?? INPUT_MODE[kind]}
        autoComplete={props.autoComplete ?? 'off'}
        autoFocus={props.autoFocus}
        spellcheck={false}
        onKeyDown={(event) => {
          if (event.key === 'Enter') props.onEnter?.()
        }}
      />
      {props.unit && <span class="field-unit">{props.unit}</span>}
      {kind === 'password' && (
        <IconButton
          icon={isPasswordVisible ? EyeOff : Eye}
          label={t(isPasswordVisible ? 'ui.hidePassword' : 'ui.showPassword')}
          onPress={() => setPasswordVisible(!isPasswordVisible)}
        />
      )}
    </FieldFrame>
  )
}

type ChoiceProps<Value extends string> = Frame & {
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly onChange: (value: Value) => void
}

/** A choice from a list that is too long for segments, with the browser's own picker. */
export function ChoiceField<Value extends string>(props: ChoiceProps<Value>) {
  const id = useId()
  const { error, hint, options } = props
  return (
    <FieldFrame id={id} frame={props}>
      <select
        id={id}
        disabled={props.disabled}
        required={props.required}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-says` : undefined}
        value={props.value}
        onChange={(event) => {
          const selected = options[event.currentTarget.selectedIndex]
          if (selected) props.onChange(selected.value)
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === props.value}>
            {option.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}

type SwitchProps = {
  readonly label: string
  readonly hint?: string | undefined
  readonly on: boolean
  readonly onChange: (on: boolean) => void
  readonly disabled?: boolean | undefined
}

/** A switch that takes effect at once. The whole row can be pressed. */
export function SwitchField({ label, hint, on, onChange, disabled }: SwitchProps) {
  return (
    <label class="switch">
      <span class="grow">
        {label}
        {hint && <span class="field-message">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <i aria-hidden="true" />
    </label>
  )
}

function FieldFrame({ id, frame, children }: { id: string; frame: Frame; children: ComponentChildren }) {
  const { label, hideLabel, hint, error } = frame
  return (
    <div class={classes('field', error && 'bad')}>
      <label for={id} class={hideLabel ? 'only-read' : undefined}>
        {label}
      </label>
      <div class="field-box">{children}</div>
      {(error || hint) && (
        <p class="field-message" id={`${id}-says`} role={error ? 'alert' : undefined}>
          {error && <Icon of={CircleAlert} />}
          {error || hint}
        </p>
      )}
    </div>
  )
}

// `number` is a text input on purpose, because the browser's number input drops text that it cannot parse, and
// scrolling changes its value.
const NATIVE_TYPE = {
  text: 'text',
  password: 'password',
  search: 'search',
  email: 'email',
  number: 'text',
  date: 'date',
} as const
const INPUT_MODE = {
  text: 'text',
  password: 'text',
  search: 'search',
  email: 'email',
  number: 'decimal',
  date: undefined,
} as const
