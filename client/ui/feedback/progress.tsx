// Progress with counts, such as "412 of 1,280". Without a total, only the count is shown.
import { useId } from 'preact/hooks'
import { formatNumber } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import './progress.css'

type Props = { readonly label: string; readonly done: number; readonly total?: number | undefined }

export function Progress({ label, done, total }: Props) {
  const id = useId()
  const counts = total === undefined ? formatNumber(done) : t('ui.ofTotal', { done, total })
  const share = total ? Math.min(1, done / total) : 0
  return (
    <div class="progress">
      <div class="progress-words">
        <span id={id} class="grow">
          {label}
        </span>
        <span class="num">{counts}</span>
      </div>
      <div
        class={classes('progress-track', total === undefined && 'open')}
        role="progressbar"
        aria-labelledby={id}
        aria-valuetext={counts}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={total === undefined ? undefined : done}
      >
        <i style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  )
}
