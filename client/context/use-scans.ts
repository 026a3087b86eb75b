import { useEffect, useRef } from 'preact/hooks'
import type { ScanRecord } from '../device/records.ts'
import type { Scan } from '../scanner/code.ts'
import { useWorkspace } from './workspace.ts'

/**
 * While `active`, scans come here first. What `take` has a use for it marks as answered; false hands it to whoever would
 * have got it otherwise, and it means what it would have meant there.
 */
export function useScans(active: boolean, take: (record: ScanRecord, scan: Scan) => boolean): void {
  const { handleScans } = useWorkspace()
  const latest = useRef(take)
  latest.current = take
  useEffect(() => {
    if (!active) return
    return handleScans({ handle: (record, scan) => latest.current(record, scan) })
  }, [active, handleScans])
}
