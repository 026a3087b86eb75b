// A field nobody sees, that asks for no on-screen keyboard: some scanners write only where a field has the focus. It
// takes the focus only while nothing else has it.

const MARK = 'data-scan-catcher'

export type FocusCatcher = { readonly holdFocus: (on: boolean) => void; readonly clear: () => void }

export function isCatcher(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.hasAttribute(MARK)
}

export function catcherOf(document: Document): FocusCatcher {
  let input: HTMLInputElement | undefined
  let stopping: AbortController | undefined
  const focusIfFree = (): void => {
    // After the focus has moved, and never from under a dialog.
    setTimeout(() => {
      const free = document.activeElement === null || document.activeElement === document.body
      if (free && !document.querySelector('dialog[open]')) input?.focus({ preventScroll: true })
    })
  }
  return {
    clear: () => {
      if (input) input.value = ''
    },
    holdFocus: (on) => {
      stopping?.abort()
      if (!on) {
        input?.remove()
        input = undefined
        return
      }
      stopping = new AbortController()
      input ??= made(document)
      document.body.prepend(input)
      document.addEventListener('focusout', focusIfFree, { signal: stopping.signal })
      document.addEventListener('pointerup', focusIfFree, { signal: stopping.signal })
      focusIfFree()
    },
  }
}

function made(document: Document): HTMLInputElement {
  const input = document.createElement('input')
  input.setAttribute(MARK, '')
  input.setAttribute('aria-label', 'Scanner')
  input.inputMode = 'none'
  input.autocomplete = 'off'
  input.tabIndex = -1
  input.className = 'only-read'
  return input
}
