import { useEffect, useRef } from 'preact/hooks'
import type { ScanRecord } from '../device/database.ts'
import type { Scan } from '../scanner/code.ts'
import { useApp } from './app-context.ts'

/** While `active`, scans come here; what they name is only looked up, so they count as answered once taken. */
export function useScans(active: boolean, take: (record: ScanRecord, scan: Scan) => void): void {
  const { takeScans } = useApp()
  const latest = useRef(take)
  latest.current = take
  useEffect(() => {
    if (!active) return
    return takeScans({
      context: () => ({ mode: 'look', locationId: null }),
      take: (record, scan) => latest.current(record, scan),
    })
  }, [active, takeScans])
}
