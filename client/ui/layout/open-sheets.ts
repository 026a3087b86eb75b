// Which sheets are open: what lies behind one waits until it is closed.
import { signal } from '@preact/signals'

const open = signal(0)

/** Returns what says that it is closed again. */
export function sheetOpened(): () => void {
  open.value++
  return () => void open.value--
}

/** Resolves once no sheet is open; undefined where none is. A sheet that another takes the place of is not closed. */
export function sheetsClosed(): Promise<void> | undefined {
  return open.peek() === 0 ? undefined : untilNone()
}

async function untilNone(): Promise<void> {
  while (open.peek() > 0) {
    await new Promise<void>((done) => {
      const stop = open.subscribe((count) => {
        if (count > 0) return
        queueMicrotask(() => stop()) // not while it is being set up
        done()
      })
    })
  }
}
