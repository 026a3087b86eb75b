// A level, drawn the same everywhere: what is there, against low (the tick) and target (the end).
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
  /** Words under the bar, as on the handheld; without them the bar still says itself to those who listen. */
  readonly words?: boolean | undefined
}

export function LevelBar({ value, low, target, decimals = 0, words = false }: Props) {
  const full = Math.max(target ?? 0, value, (low ?? 0) * 2, 1)
  const tone = toneOf(value, low)
  const say = wordsFor(tone, value, low ?? 0, decimals)
  const aim = target === undefined ? undefined : t('level.target', { target: formatQuantity(target, { decimals }) })
  return (
    <div>
      <div
        hidden={words && tone === 'plain' && target === undefined}
        class={classes('level', tone)}
        role="img"
        aria-label={`${formatQuantity(value, { decimals })}: ${aim ? `${say}, ${aim}` : say}`}
        style={{ '--v': share(value, full), '--low': share(low ?? 0, full) }}
      >
        <i />
        {low !== undefined && <b />}
      </div>
      {words && (
        <div class={classes('level-words', tone)} aria-hidden="true">
          <span>{tone === 'plain' ? say : `${SIGN[tone]} ${say}`}</span>
          {aim && <span class="soft">{aim}</span>}
        </div>
      )}
    </div>
  )
}

/** At low is enough: an alert opens below it. Nothing, or less than nothing, is bad whatever the level says. */
function toneOf(value: number, low: number | undefined): LevelTone {
  if (low === undefined) return 'plain'
  if (value <= 0) return 'bad'
  return value < low ? 'warn' : 'good'
}

function wordsFor(tone: LevelTone, value: number, low: number, decimals: number): string {
  if (tone === 'plain') return t('level.plain', { quantity: formatQuantity(value, { decimals }) })
  if (tone === 'bad') return t('level.bad')
  return t(`level.${tone}`, { low: formatQuantity(low, { decimals }) })
}

function share(part: number, full: number): string {
  return `${Math.min(100, Math.max(0, (part / full) * 100))}%`
}

const SIGN = { good: '✓', warn: '▾', bad: '!' } as const
