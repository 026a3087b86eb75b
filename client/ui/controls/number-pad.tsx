// A quantity by thumb: big keys in a sheet, no on-screen keyboard. The first key replaces what was there, as on a till.
import { useRef, useState } from 'preact/hooks'
import { Delete } from 'lucide-preact'
import { decimalSign, formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from './button.tsx'
import { pressKey, startEntry, thousandthsOf, writeEntry, type PadKey } from './number-entry.ts'
import { Icon } from './icon.tsx'
import { Sheet } from '../layout/sheet.tsx'
import './number-pad.css'

type Props = {
  readonly open: boolean
  readonly title: string
  /** Thousandths, shown until the first key. */
  readonly value: number
  readonly onDone: (thousandths: number) => void
  readonly onClose: () => void
  /** The unit's decimals, 0–3. With none there is no decimal key. */
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
  /** The largest that can be entered, in thousandths; digits beyond it are not taken. */
  readonly max?: number | undefined
  /** Nothing is a quantity too: when counting. */
  readonly zero?: boolean | undefined
  readonly doneLabel?: string | undefined
}

export function NumberPad(props: Props) {
  return props.open ? <OpenPad {...props} /> : null
}

const MAX_DEFAULT = 999_999_000

function OpenPad({
  title,
  value,
  onDone,
  onClose,
  decimals = 0,
  unit,
  max = MAX_DEFAULT,
  zero = false,
  doneLabel,
}: Props) {
  const [entry, setEntry] = useState(startEntry())
  const keys = useOnlyTyped(entry, setEntry)
  const thousandths = entry.touched ? thousandthsOf(entry) : value
  const press = (key: PadKey) => setEntry((before) => pressKey(before, key, { decimals, max }))
  const done = () => {
    if (thousandths > 0 || (zero && thousandths === 0)) onDone(thousandths)
  }
  const typed = (event: KeyboardEvent) => {
    const key = keyOf(event.key)
    if (key) {
      keys.wentDown(event.key)
      press(key)
    } else if (event.key === 'Enter' && !(event.target instanceof HTMLButtonElement)) done()
    else return
    event.preventDefault()
  }
  const shown = entry.touched ? writeEntry(entry, decimalSign()) : formatQuantity(value, { decimals: 0 })
  return (
    <Sheet open title={title} onClose={onClose}>
      <div class="pad" tabIndex={-1} autofocus onKeyDown={typed} onKeyUp={keys.cameUp}>
        <output class="pad-shown num" aria-live="polite">
          {shown || '0'}
          {unit && <span class="soft">{unit}</span>}
        </output>
        <div class="pad-keys">
          {DIGITS.map((digit) => (
            <button key={digit} type="button" onClick={() => press(digit)}>
              {digit}
            </button>
          ))}
          {decimals > 0 ? (
            <button type="button" onClick={() => press('point')}>
              {decimalSign()}
            </button>
          ) : (
            <button type="button" class="word" onClick={() => press('clear')}>
              {t('ui.clear')}
            </button>
          )}
          <button type="button" onClick={() => press('0')}>
            0
          </button>
          <button type="button" aria-label={t('ui.delete')} onClick={() => press('delete')}>
            <Icon of={Delete} />
          </button>
        </div>
        <Button kind="primary" wide disabled={thousandths < 0 || (!zero && thousandths === 0)} onPress={done}>
          {doneLabel ?? t('ui.done')}
        </Button>
      </div>
    </Sheet>
  )
}

/**
 * A scan's keys are taken before they come here, but its first one looks like a typed one: a key that comes up and never
 * went down here says that it was a scanner's.
 */
function useOnlyTyped<Entry>(entry: Entry, setEntry: (entry: Entry) => void) {
  const down = useRef(new Set<string>())
  const before = useRef<Entry | undefined>(undefined)
  return {
    wentDown(key: string) {
      down.current.add(key)
      before.current = entry
    },
    cameUp({ key }: KeyboardEvent) {
      if (down.current.delete(key) || Array.from(key).length !== 1 || before.current === undefined) return
      setEntry(before.current)
      before.current = undefined
    },
  }
}

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

function keyOf(key: string): PadKey | undefined {
  if (key === 'Backspace') return 'delete'
  if (key === '.' || key === ',') return 'point'
  return key === '0' ? '0' : DIGITS.find((digit) => digit === key)
}
