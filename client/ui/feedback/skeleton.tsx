// A placeholder with the shape of content that is loading. Screen readers read "Loading" once.
import { t } from '../../strings/strings.ts'
import './skeleton.css'

type Props = {
  /** `text` lines, `rows` of a list, or one `block` of the given height. */
  readonly shape?: 'text' | 'rows' | 'block' | undefined
  readonly count?: number | undefined
  /** The height of a block, as CSS: "120px". */
  readonly height?: string | undefined
}

export function Skeleton({ shape = 'text', count = 3, height = '96px' }: Props) {
  const pieces = shape === 'block' ? 1 : count
  return (
    <div class={`skeleton ${shape}`} role="status" aria-label={t('ui.loading')}>
      {Array.from({ length: pieces }, (_, index) => (
        <i key={index} style={shape === 'block' ? { height } : undefined} />
      ))}
    </div>
  )
}
