// Counts unfinished work. While there is any, nothing reloads the page.
import { signal } from '@preact/signals'

export class Drafts {
  readonly open = signal(0)

  /** Returns the function that ends it. */
  begin(): () => void {
    this.open.value++
    let ended = false
    return () => {
      if (ended) return
      ended = true
      this.open.value--
    }
  }
}
