// Counts the open sheets. Scans wait until none is open.
import { signal } from '@preact/signals'

const open = signal(0)

/** Returns the function that reports that the sheet is closed. */
export function sheetOpened(): () => void {
  open.value++
  return () => void open.value--
}

/**
 * Resolves when no sheet is open; undefined if none is open now. Replacing a sheet by another one does not count as
 * closed.
 */
export function sheetsClosed(): Promise<void> | undefined {
  return open.peek() === 0 ? undefined : waitUntilNone()
}

async function waitUntilNone(): Promise<void> {
  while (open.peek() > 0) {
    await new Promise<void>((done) => {
      const stop = open.subscribe((count) => {
        if (count > 0) return
        queueMicrotask(() => stop()) // not while subscribing
        done()
      })
    })
  }
}
