// The one stream of scans from every source: wedge, camera, a button. Every listener gets every scan, in order, even if
// another one throws. Nothing is stored here; the shell's listener stores each scan first.
import type { Scan } from './code.ts'

export type ScanListener = (scan: Scan) => void

const listeners = new Set<ScanListener>()

/** Returns a function that unsubscribes. */
export function subscribeToScans(listener: ScanListener): () => void {
  // Wrapped, so that a function that subscribes twice is called twice.
  const own: ScanListener = (scan) => listener(scan)
  listeners.add(own)
  return () => void listeners.delete(own)
}

/** `scan.at` is Unix ms from here on. */
export function publishScan(scan: Scan): void {
  for (const listener of listeners) {
    try {
      listener(scan)
    } catch (error) {
      reportError(error)
    }
  }
}
