// What was just done, in a line, with one thing to do about it (Undo). Stays longer when it can be acted on, and as
// long as a finger or the focus is on it. Errors do not belong here: they stay until acknowledged.
import { signal } from '@preact/signals'
import { X } from 'lucide-preact'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import { IconButton } from '../controls/icon-button.tsx'
import './toast.css'

export type ToastOffer = {
  readonly text: string
  readonly tone?: 'plain' | 'good' | 'warn' | 'bad' | undefined
  readonly action?: { readonly label: string; readonly onPress: () => void } | undefined
  /** Milliseconds; 4 s, or 8 s with an action. */
  readonly lastsMs?: number | undefined
}

type Toast = ToastOffer & { readonly id: number }

const LASTS_MS = 4000
const LASTS_WITH_ACTION_MS = 8000
// More would cover the work; the oldest gives way.
const TOASTS_MAX = 3

const toasts = signal<readonly Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let lastId = 0

/** Shows it, and returns what takes it away again. */
export function showToast(offer: ToastOffer): () => void {
  const toast = { ...offer, id: ++lastId }
  for (const old of toasts.value.slice(0, Math.max(0, toasts.value.length - TOASTS_MAX + 1))) dismiss(old.id)
  toasts.value = [...toasts.value, toast]
  wait(toast)
  return () => dismiss(toast.id)
}

/** What was said to one person is not for the next. */
export function clearToasts(): void {
  for (const { id } of toasts.value) dismiss(id)
}

/** Where toasts appear. AppFrame has it; nobody else needs it. */
export function Toasts() {
  return (
    <div class="toasts" role="region" aria-label={t('ui.notifications')} aria-live="polite">
      {toasts.value.map((toast) => (
        <div
          key={toast.id}
          class={classes('toast', toast.tone)}
          onPointerEnter={() => hold(toast.id)}
          onPointerLeave={() => wait(toast)}
          onFocusIn={() => hold(toast.id)}
          onFocusOut={() => wait(toast)}
        >
          <p>{toast.text}</p>
          {toast.action && (
            <button
              type="button"
              class="toast-action"
              onClick={() => {
                dismiss(toast.id)
                toast.action?.onPress()
              }}
            >
              {toast.action.label}
            </button>
          )}
          <IconButton icon={X} label={t('ui.dismiss')} onPress={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  )
}

function wait(toast: Toast): void {
  hold(toast.id)
  if (!toasts.value.some((shown) => shown.id === toast.id)) return
  const lasts = toast.lastsMs ?? (toast.action ? LASTS_WITH_ACTION_MS : LASTS_MS)
  timers.set(
    toast.id,
    setTimeout(() => dismiss(toast.id), lasts),
  )
}

function hold(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
}

function dismiss(id: number): void {
  hold(id)
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
