// A bar that shows a quantity against its low level (the tick) and its target (the end).
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import './level-bar.css'

type LevelTone = 'good' | 'warn' | 'bad' | 'plain'

type Props = {
  /** All three in thousandths. */
  readonly value: number
  readonly low?: number | undefined
  readonly target?: number | undefined
  readonly decimals?: number | undefined
  /** Shows the text below the bar. Without it, only screen readers read the text. */
  readonly words?: boolean | undefined
}

export function LevelBar({ value, low, target, decimals = 0, words = false }: Props) {
  const full = Math.max(target ?? 0, value, (low ?? 0) * 2, 1)
  const tone = toneOf(value, low)
  const text = describe(tone, value, low ?? 0, decimals)
  const targetText =
    target === undefined ? undefined : t('level.target', { target: formatQuantity(target, { decimals }) })
  return (
    <div>
      <div
        hidden={words && tone === 'plain' && target === undefined}
        class={classes('level', tone)}
        role="img"
        aria-label={`${formatQuantity(value, { decimals })}: ${targetText ? `${text}, ${targetText}` : text}`}
        style={{ '--v': share(value, full), '--low': share(low ?? 0, full) }}
      >
        <i />
        {low !== undefined && <b />}
      </div>
      {words && (
        <div class={classes('level-words', tone)} aria-hidden="true">
          <span>{tone === 'plain' ? text : `${SIGN[tone]} ${text}`}</span>
          {targetText && <span class="soft">{targetText}</span>}
        </div>
      )}
    </div>
  )
}

/** A quantity at the low level is enough, as an alert opens below it. Zero or less is bad whatever the level is. */
function toneOf(value: number, low: number | undefined): LevelTone {
  if (low === undefined) return 'plain'
  if (value <= 0) return 'bad'
  return value < low ? 'warn' : 'good'
}

function describe(tone: LevelTone, value: number, low: number, decimals: number): string {
  if (tone === 'plain') return t('level.plain', { quantity: formatQuantity(value, { decimals }) })
  if (tone === 'bad') return t(value < 0 ? 'level.negative' : 'level.bad')
  return t(`level.${tone}`, { low: formatQuantity(low, { decimals }) })
}

function share(part: number, full: number): string {
  return `${Math.min(100, Math.max(0, (part / full) * 100))}%`
}

const SIGN = { good: '✓', warn: '▾', bad: '!' } as const
