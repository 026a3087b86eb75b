// Which sheets are open: what lies behind one waits until it is closed.
import { signal } from '@preact/signals'

const open = signal(0)

/** Returns what says that it is closed again. */
export function sheetOpened(): () => void {
  open.value++
  return () => void open.value--
}

/** Resolves once no sheet is open; undefined where none is. */
export function sheetsClosed(): Promise<void> | undefined {
  if (open.peek() === 0) return undefined
  return new Promise((done) => {
    const stop = open.subscribe((count) => {
      if (count > 0) return
      queueMicrotask(() => stop()) // not while it is being set up
      done()
    })
  })
}
