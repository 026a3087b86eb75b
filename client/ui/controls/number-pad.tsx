// A sheet to enter a quantity with large keys, without the on-screen keyboard. The first key replaces the current
// value.
import { useRef, useState } from 'preact/hooks'
import { Delete } from 'lucide-preact'
import { decimalSign, formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from './button.tsx'
import { pressKey, startEntry, thousandthsOf, formatEntry, type PadKey } from './number-entry.ts'
import { Icon } from './icon.tsx'
import { Sheet } from '../layout/sheet.tsx'
import './number-pad.css'

type Props = {
  readonly open: boolean
  readonly title: string
  /** Thousandths. Shown until the first key is pressed. */
  readonly value: number
  readonly onDone: (thousandths: number) => void
  readonly onClose: () => void
  /** The unit's decimals, 0–3. With 0 there is no decimal key. */
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
  /** The largest quantity, in thousandths. Further digits are ignored. */
  readonly max?: number | undefined
  /** Allows zero, as for a count. */
  readonly allowZero?: boolean | undefined
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
  allowZero = false,
  doneLabel,
}: Props) {
  const [entry, setEntry] = useState(startEntry())
  const keys = useTypedKeys(entry, setEntry)
  const thousandths = entry.touched ? thousandthsOf(entry) : value
  const press = (key: PadKey) => setEntry((before) => pressKey(before, key, { decimals, max }))
  const done = () => {
    if (thousandths > 0 || (allowZero && thousandths === 0)) onDone(thousandths)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const key = keyOf(event.key)
    if (key) {
      keys.keyDown(event.key)
      press(key)
    } else if (event.key === 'Enter' && !(event.target instanceof HTMLButtonElement)) done()
    else return
    event.preventDefault()
  }
  const displayed = entry.touched ? formatEntry(entry, decimalSign()) : formatQuantity(value, { decimals: 0 })
  return (
    <Sheet open title={title} onClose={onClose}>
      <div class="pad" tabIndex={-1} autofocus onKeyDown={onKeyDown} onKeyUp={keys.keyUp}>
        <output class="pad-value num" aria-live="polite">
          {displayed || '0'}
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
        <Button kind="primary" wide disabled={thousandths < 0 || (!allowZero && thousandths === 0)} onPress={done}>
          {doneLabel ?? t('ui.done')}
        </Button>
      </div>
    </Sheet>
  )
}

/**
 * The wedge hides a scanner's keys, except the first one, which looks like a typed key. A keyup without a keydown here
 * reveals a scanner, and the first key is undone.
 */
function useTypedKeys<Entry>(entry: Entry, setEntry: (entry: Entry) => void) {
  const down = useRef(new Set<string>())
  const before = useRef<Entry | undefined>(undefined)
  return {
    keyDown(key: string) {
      down.current.add(key)
      before.current = entry
    },
    keyUp({ key }: KeyboardEvent) {
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
