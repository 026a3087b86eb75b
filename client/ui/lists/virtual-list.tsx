// A list of any length in a container of fixed height. Renders rows as they become visible.
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { type UnloadedRows, useVirtual } from './use-virtual.ts'
import './virtual-list.css'

type Props = {
  readonly label: string
  readonly count: number
  /** Renders the row at an index, for example as a RowLine. It must be `rowPx` high. */
  readonly line: (index: number) => ComponentChildren
  readonly keyOf?: ((index: number) => string | number) | undefined
  readonly rowPx?: number | undefined
  /** CSS; by default it fills its container. */
  readonly height?: string | undefined
  /** The rows that `line` does not render yet. */
  readonly unloaded?: UnloadedRows | undefined
}

const ROW_PX = 64

export function VirtualList({ label, count, line, keyOf, rowPx = ROW_PX, height = '100%', unloaded }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { items, totalPx } = useVirtual({ count, rowPx, scroller, unloaded })
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
