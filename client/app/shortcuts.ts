// Keyboard shortcuts of the desktop: / or Ctrl K searches, g and a letter navigates. Ignored while a person types or a
// sheet is open.

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

/** How long "g" waits for its letter. */
const JUMP_MS = 1200

/** Returns the function that removes the shortcuts. */
export function listenForShortcuts(page: Window, { go, search }: { go: (href: string) => void; search: () => void }) {
  let jumpUntil = 0
  const abort = new AbortController()
  const onKey = (event: KeyboardEvent) => {
    const { key } = event
    // Navigating away would lose what a person typed into the sheet.
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
  page.addEventListener('keydown', onKey, { signal: abort.signal })
  return () => abort.abort()
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.hasAttribute('data-scan-catcher')) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}
