// An invisible field that does not open an on-screen keyboard, because some scanners write only into a focused field.
// It has the focus only while nothing else has it.

const ATTRIBUTE = 'data-scan-catcher'

export type FocusCatcher = { readonly holdFocus: (on: boolean) => void; readonly clear: () => void }

export function isCatcher(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.hasAttribute(ATTRIBUTE)
}

export function catcherOf(document: Document): FocusCatcher {
  let input: HTMLInputElement | undefined
  let abort: AbortController | undefined
  const focusIfFree = (): void => {
    // Runs after the focus has moved. Never takes it from a dialog.
    setTimeout(() => {
      const isFree = document.activeElement === null || document.activeElement === document.body
      if (isFree && !document.querySelector('dialog[open]')) input?.focus({ preventScroll: true })
    })
  }
  return {
    clear: () => {
      if (input) input.value = ''
    },
    holdFocus: (on) => {
      abort?.abort()
      if (!on) {
        input?.remove()
        input = undefined
        return
      }
      abort = new AbortController()
      input ??= createInput(document)
      document.body.prepend(input)
      document.addEventListener('focusout', focusIfFree, { signal: abort.signal })
      document.addEventListener('pointerup', focusIfFree, { signal: abort.signal })
      focusIfFree()
    },
  }
}

function createInput(document: Document): HTMLInputElement {
  const input = document.createElement('input')
  input.setAttribute(ATTRIBUTE, '')
  input.setAttribute('aria-label', 'Scanner')
  input.inputMode = 'none'
  input.autocomplete = 'off'
  input.tabIndex = -1
  input.className = 'only-read'
  return input
}
