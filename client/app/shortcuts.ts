// Keys of the desk: / or Ctrl K to search, g and a letter to go. Where a person types, they are letters; over an
// open sheet they do nothing.

export interface Jump {
  key: string
  href: string
}

export const jumps: readonly Jump[] = [
  { key: 'h', href: '/' },
  { key: 's', href: '/scan' },
  { key: 'i', href: '/stock' },
  { key: 't', href: '/tray' },
  { key: 'm', href: '/more' },
]

/** "g" waits this long for its letter. */
const JUMP_MS = 1200

/** Returns what ends it. */
export function listenForShortcuts(page: Window, { go, search }: { go: (href: string) => void; search: () => void }) {
  let jumpUntil = 0
  const stopping = new AbortController()
  const onKey = (event: KeyboardEvent) => {
    const { key } = event
    // Going elsewhere would throw away what a person typed into a sheet.
    if (page.document.querySelector('dialog[open]')) return
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'k') {
      event.preventDefault()
      search()
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (key === '/') {
      event.preventDefault()
      search()
    } else if (event.timeStamp < jumpUntil) {
      jumpUntil = 0
      const jump = jumps.find((candidate) => candidate.key === key)
      if (!jump) return
      event.preventDefault()
      go(jump.href)
    } else if (key === 'g') jumpUntil = event.timeStamp + JUMP_MS
  }
  page.addEventListener('keydown', onKey, { signal: stopping.signal })
  return () => stopping.abort()
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.hasAttribute('data-scan-catcher')) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}
