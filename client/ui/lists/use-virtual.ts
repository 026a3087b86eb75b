// Renders only the visible rows, so that 100,000 rows scroll smoothly. All rows have the same height.
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
  type VirtualizerOptions,
} from '@tanstack/virtual-core'

// Rows rendered beyond the edge, so that fast scrolling does not show gaps.
const OVERSCAN_ROWS = 8

export type Virtual = {
  readonly items: readonly VirtualItem[]
  /** The height of all rows, rendered or not. */
  readonly totalPx: number
  readonly scrollTo: (index: number) => void
}

/** Rows from an index on, which are counted but not loaded yet. */
export type UnloadedRows = {
  readonly from: number
  /** Called when one of them becomes visible. */
  readonly onVisible: () => void
}

type VirtualOptions = {
  readonly count: number
  readonly rowPx: number
  readonly scroller: RefObject<HTMLElement | null>
  /** The height of what covers the top of the scroll area: a table's head. */
  readonly headPx?: number
  readonly unloaded?: UnloadedRows | undefined
}

export function useVirtual({ count, rowPx, scroller, headPx = 0, unloaded }: VirtualOptions): Virtual {
  const [, setRenderCount] = useState(0)
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count,
    overscan: OVERSCAN_ROWS,
    estimateSize: () => rowPx,
    getScrollElement: () => scroller.current,
    scrollPaddingStart: headPx,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => setRenderCount((count) => count + 1),
  }
  const virtualizerRef = useRef<Virtualizer<HTMLElement, HTMLElement> | undefined>(undefined)
  const virtualizer = (virtualizerRef.current ??= new Virtualizer(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [])
  useLayoutEffect(() => virtualizer._willUpdate())
  useLayoutEffect(() => virtualizer.measure(), [rowPx])
  const items = virtualizer.getVirtualItems()
  const needsRows = unloaded !== undefined && (items.at(-1)?.index ?? -1) >= unloaded.from
  useLayoutEffect(() => {
    if (needsRows) unloaded.onVisible()
  }, [needsRows])
  return {
    items,
    totalPx: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}
