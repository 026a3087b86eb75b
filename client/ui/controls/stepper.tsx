// A quantity with buttons for less and more. Pressing the quantity opens the number pad.
import { useState } from 'preact/hooks'
import { Minus, Plus } from 'lucide-preact'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { IconButton } from './icon-button.tsx'
import { NumberPad } from './number-pad.tsx'
import './stepper.css'

type Props = {
  /** Names the quantity; also the title of the number pad. */
  readonly label: string
  /** All quantities in thousandths. */
  readonly value: number
  readonly onChange: (thousandths: number) => void
  readonly step?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
}

export function Stepper({ label, value, onChange, step = 1000, min = 0, max, decimals = 0, unit }: Props) {
  const [isPadOpen, setIsPadOpen] = useState(false)
  const displayed = formatQuantity(value, { decimals })
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
        aria-label={t('ui.setQuantity', { quantity: unit ? `${displayed} ${unit}` : displayed })}
        onClick={() => setIsPadOpen(true)}
      >
        <span aria-live="polite">{displayed}</span> {unit && <span class="soft">{unit}</span>}
      </button>
      <IconButton
        filled
        icon={Plus}
        label={t('ui.more')}
        disabled={max !== undefined && value + step > max}
        onPress={() => onChange(value + step)}
      />
      <NumberPad
        open={isPadOpen}
        title={label}
        value={value}
        decimals={decimals}
        unit={unit}
        max={max}
        allowZero={min <= 0}
        onClose={() => setIsPadOpen(false)}
        onDone={(thousandths) => {
          setIsPadOpen(false)
          onChange(Math.max(min, thousandths))
        }}
      />
    </div>
  )
}
