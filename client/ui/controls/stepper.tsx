// One less, the quantity, one more. A press on the quantity opens the number pad.
import { useState } from 'preact/hooks'
import { Minus, Plus } from 'lucide-preact'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { IconButton } from './icon-button.tsx'
import { NumberPad } from './number-pad.tsx'
import './stepper.css'

type Props = {
  /** What is being set; the number pad's title. */
  readonly label: string
  /** All in thousandths. */
  readonly value: number
  readonly onChange: (thousandths: number) => void
  readonly step?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
}

export function Stepper({ label, value, onChange, step = 1000, min = 0, max, decimals = 0, unit }: Props) {
  const [padOpen, setPadOpen] = useState(false)
  const shown = formatQuantity(value, { decimals })
  return (
    <div class="stepper" role="group" aria-label={label}>
      <IconButton
        filled
        icon={Minus}
        label={t('ui.less')}
        disabled={value - step < min}
        onPress={() => onChange(value - step)}
      />
      <button
        type="button"
        class="stepper-value num"
        aria-label={t('ui.setQuantity', { quantity: unit ? `${shown} ${unit}` : shown })}
        onClick={() => setPadOpen(true)}
      >
        <span aria-live="polite">{shown}</span> {unit && <span class="soft">{unit}</span>}
      </button>
      <IconButton
        filled
        icon={Plus}
        label={t('ui.more')}
        disabled={max !== undefined && value + step > max}
        onPress={() => onChange(value + step)}
      />
      <NumberPad
        open={padOpen}
        title={label}
        value={value}
        decimals={decimals}
        unit={unit}
        max={max}
        zero={min <= 0}
        onClose={() => setPadOpen(false)}
        onDone={(thousandths) => {
          setPadOpen(false)
          onChange(Math.max(min, thousandths))
        }}
      />
    </div>
  )
}
