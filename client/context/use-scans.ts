import { useEffect, useRef } from 'preact/hooks'
import type { ScanRecord } from '../device/records.ts'
import type { Scan } from '../scanner/code.ts'
import { useWorkspace } from './workspace.ts'

/**
 * While `active`, scans come here first. `handle` resolves a scan that it uses. If it returns false, the scan goes to
 * the next handler and has its usual meaning there.
 */
export function useScans(active: boolean, handle: (record: ScanRecord, scan: Scan) => boolean): void {
  const { handleScans } = useWorkspace()
  const latest = useRef(handle)
  latest.current = handle
  useEffect(() => {
    if (!active) return
    return handleScans({ handle: (record, scan) => latest.current(record, scan) })
  }, [active, handleScans])
}
