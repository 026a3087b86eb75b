// Only the rows in sight are in the page: 100,000 rows scroll at the display's pace. Rows have one height.
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

// Rows beyond the edge that are drawn ahead, so that a fast flick shows no gap.
const OVERSCAN_ROWS = 8

export type Virtual = {
  readonly items: readonly VirtualItem[]
  /** In pixels: all rows, drawn or not. */
  readonly totalPx: number
  readonly scrollTo: (index: number) => void
}

/** Rows from an index on are counted but not here yet. */
export type Missing = {
  readonly from: number
  /** One of them has come into sight. */
  readonly onSight: () => void
}

type Wanted = {
  readonly count: number
  readonly rowPx: number
  readonly scroller: RefObject<HTMLElement | null>
  /** What lies above the first row and stays in sight: a table's head. */
  readonly headPx?: number
  readonly missing?: Missing | undefined
}

export function useVirtual({ count, rowPx, scroller, headPx = 0, missing }: Wanted): Virtual {
  const [, setBeat] = useState(0)
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count,
    overscan: OVERSCAN_ROWS,
    estimateSize: () => rowPx,
    getScrollElement: () => scroller.current,
    scrollPaddingStart: headPx,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => setBeat((beat) => beat + 1),
  }
  const kept = useRef<Virtualizer<HTMLElement, HTMLElement> | undefined>(undefined)
  const virtualizer = (kept.current ??= new Virtualizer(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [])
  useLayoutEffect(() => virtualizer._willUpdate())
  useLayoutEffect(() => virtualizer.measure(), [rowPx])
  const items = virtualizer.getVirtualItems()
  const isMissing = missing !== undefined && (items.at(-1)?.index ?? -1) >= missing.from
  useLayoutEffect(() => {
    if (isMissing) missing.onSight()
  }, [isMissing])
  return {
    items,
    totalPx: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}
