// The one stream of scans, whatever made them: wedge, camera, a button. Every listener gets every scan, in order; one
// that throws takes nothing from the others. Nothing is kept here: the shell's listener stores each scan first.
import type { Scan } from './code.ts'

export type ScanListener = (scan: Scan) => void

const listeners = new Set<ScanListener>()

/** Returns what ends it. */
export function subscribeToScans(listener: ScanListener): () => void {
  // A wrapper of its own, so that a function that subscribes twice also hears twice.
  const own: ScanListener = (scan) => listener(scan)
  listeners.add(own)
  return () => void listeners.delete(own)
}

/** `scan.at` is in milliseconds since the epoch from here on. */
export function publishScan(scan: Scan): void {
  for (const listener of listeners) {
    try {
      listener(scan)
    } catch (error) {
      reportError(error)
    }
  }
}
