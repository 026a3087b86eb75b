// A list of any length in a place of given height. Its lines are drawn as they come into sight.
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { type Missing, useVirtual } from './use-virtual.ts'
import './virtual-list.css'

type Props = {
  readonly label: string
  readonly count: number
  /** Draws the line at this index; a RowLine fits. Must be as high as `rowPx`. */
  readonly line: (index: number) => ComponentChildren
  readonly keyOf?: ((index: number) => string | number) | undefined
  readonly rowPx?: number | undefined
  /** CSS; by default it fills its place. */
  readonly height?: string | undefined
  /** What `line` draws nothing for yet. */
  readonly missing?: Missing | undefined
}

const ROW_PX = 64

export function VirtualList({ label, count, line, keyOf, rowPx = ROW_PX, height = '100%', missing }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { items, totalPx } = useVirtual({ count, rowPx, scroller, missing })
  return (
    <div ref={scroller} class="virtual" style={{ height }} tabIndex={0} role="group" aria-label={label}>
      <ul style={{ height: `${totalPx}px` }}>
        {items.map((item) => (
          <li
            key={keyOf ? keyOf(item.index) : item.index}
            aria-setsize={count}
            aria-posinset={item.index + 1}
            style={{ height: `${rowPx}px`, transform: `translateY(${item.start}px)` }}
          >
            {line(item.index)}
          </li>
        ))}
      </ul>
    </div>
  )
}
