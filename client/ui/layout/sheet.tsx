// A native dialog: a bottom sheet below 700 px, a centred panel above. The browser traps the focus, restores it on
// closing, and closes on Escape.
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { X } from 'lucide-preact'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import { IconButton } from '../controls/icon-button.tsx'
import { sheetOpened } from './open-sheets.ts'
import './sheet.css'

type Props = {
  readonly open: boolean
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
  /** Buttons at the bottom, the main one last. They stay visible while the content scrolls. */
  readonly actions?: ComponentChildren
  /**
   * A question that must be answered: no close button, and a press beside the sheet does not close it (Escape does).
   */
  readonly strict?: boolean | undefined
  readonly size?: 'normal' | 'large' | undefined
}

export function Sheet({ open, title, onClose, children, actions, strict = false, size = 'normal' }: Props) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  // In the same commit of the page, so that a sheet that replaces another one leaves no moment without an open sheet.
  useLayoutEffect(() => {
    const element = dialog.current
    if (!open || !element) return
    element.showModal()
    const first = element.querySelector<HTMLElement>('[autofocus]') ?? element.querySelector<HTMLElement>('h2')
    first?.focus()
    const closed = sheetOpened()
    return () => {
      element.close()
      closed()
    }
  }, [open])
  if (!open) return null
  return (
    <dialog
      ref={dialog}
      class={classes('sheet', size)}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        if (!strict && event.target === event.currentTarget) onClose()
      }}
    >
      <div class="sheet-inside">
        <header>
          <h2 id={id} tabIndex={-1}>
            {title}
          </h2>
          {!strict && <IconButton icon={X} label={t('ui.close')} onPress={onClose} />}
        </header>
        <div class="sheet-body">{children}</div>
        {actions && <footer>{actions}</footer>}
      </div>
    </dialog>
  )
}
