// A short message about what was done, with at most one action (undo). It stays longer with an action, and while it is
// touched or focused. Errors do not belong here, because they must stay until they are acknowledged.
import { signal } from '@preact/signals'
import { X } from 'lucide-preact'
import { t } from '../../strings/strings.ts'
import { classes } from '../styles/classes.ts'
import { IconButton } from '../controls/icon-button.tsx'
import './toast.css'

export type ToastOptions = {
  readonly text: string
  readonly tone?: 'plain' | 'good' | 'warn' | 'bad' | undefined
  readonly action?: { readonly label: string; readonly onPress: () => void } | undefined
  /** Milliseconds; 4 s, or 8 s with an action. */
  readonly durationMs?: number | undefined
}

type Toast = ToastOptions & { readonly id: number }

const DURATION_MS = 4000
const DURATION_WITH_ACTION_MS = 8000
// More would cover the screen. The oldest is dismissed.
const TOASTS_MAX = 3

const toasts = signal<readonly Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let lastId = 0

/** Shows a toast. Returns the function that dismisses it. */
export function showToast(options: ToastOptions): () => void {
  const toast = { ...options, id: ++lastId }
  for (const old of toasts.value.slice(0, Math.max(0, toasts.value.length - TOASTS_MAX + 1))) dismiss(old.id)
  toasts.value = [...toasts.value, toast]
  startTimer(toast)
  return () => dismiss(toast.id)
}

/** Dismisses all toasts, because they were meant for the previous person. */
export function clearToasts(): void {
  for (const { id } of toasts.value) dismiss(id)
}

/** Renders the toasts. Only AppFrame uses it. */
export function Toasts() {
  return (
    <div class="toasts" role="region" aria-label={t('ui.notifications')} aria-live="polite">
      {toasts.value.map((toast) => (
        <div
          key={toast.id}
          class={classes('toast', toast.tone)}
          onPointerEnter={() => stopTimer(toast.id)}
          onPointerLeave={() => startTimer(toast)}
          onFocusIn={() => stopTimer(toast.id)}
          onFocusOut={() => startTimer(toast)}
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

function startTimer(toast: Toast): void {
  stopTimer(toast.id)
  if (!toasts.value.some((other) => other.id === toast.id)) return
  const durationMs = toast.durationMs ?? (toast.action ? DURATION_WITH_ACTION_MS : DURATION_MS)
  timers.set(
    toast.id,
    setTimeout(() => dismiss(toast.id), durationMs),
  )
}

function stopTimer(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
}

function dismiss(id: number): void {
  stopTimer(id)
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
