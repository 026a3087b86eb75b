// A native dialog: a sheet from below under 700 px, a panel in the middle above. The browser keeps the focus inside,
// gives it back on closing, and closes on Escape.
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
  /** Buttons at the foot, the main one last. They stay in sight while the content scrolls. */
  readonly actions?: ComponentChildren
  /** A question that must be answered: no cross, and a press beside it does not close it (Escape does). */
  readonly strict?: boolean | undefined
  readonly size?: 'normal' | 'large' | undefined
}

export function Sheet({ open, title, onClose, children, actions, strict = false, size = 'normal' }: Props) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  // At once with the page's change: a sheet that takes another's place leaves no moment in which none is open.
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
