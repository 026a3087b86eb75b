// An unknown code: attach it to an item, or create an item for it. Then the scans of this code are recorded.
import { useSignal } from '@preact/signals'
import { Link2, Plus } from 'lucide-preact'
import { printedCode } from '#shared/values/gtin.ts'
import { t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { showToast } from '../ui/feedback/toast.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { mayDo } from '../session/permissions.ts'
import { AttachSheet } from './attach-sheet.tsx'
import { NewItemSheet } from './new-item-sheet.tsx'

type Props = {
  readonly code: string
  /** A GS1 label that cannot be parsed with certainty, so there is no code to attach. */
  readonly unreadable?: boolean | undefined
  /** Called when the code is known; records the scans of the code. */
  readonly onKnown: (code: string) => Promise<{ recorded: number; remaining: number }>
}

export function UnknownCode({ code, unreadable = false, onKnown }: Props) {
  const workspace = useWorkspace()
  const open = useSignal<'attach' | 'create' | undefined>(undefined)
  const close = () => (open.value = undefined)
  // During the first sync the item may exist without being loaded yet, and would be created twice.
  const isLoading = !workspace.device.syncPoint.value.complete
  const mayAttach = !unreadable && !isLoading && mayDo(workspace, 'staff')
  const handleKnown = async (name: string) => {
    close()
    const { recorded, remaining } = await onKnown(code)
    const done = recorded > 0 ? t('unknown.recordedOf', { count: recorded, item: name }) : undefined
    showToast({ text: done ?? t('unknown.nowKnown', { item: name }), tone: 'good' })
    if (remaining > 0) showToast({ text: t('unknown.left', { count: remaining }), tone: 'warn' })
  }
  return (
    <>
      <div role="alert">
        <h2>{titleFor({ unreadable, isLoading })}</h2>
        <p class="num unknown-code">{printedCode(code)}</p>
        <p class="soft">{hintFor({ unreadable, isLoading, mayAttach })}</p>
      </div>
      {mayAttach && (
        <div class="cluster">
          <Button icon={Link2} onPress={() => (open.value = 'attach')}>
            {t('unknown.attach')}
          </Button>
          {mayDo(workspace, 'manager') && (
            <Button icon={Plus} onPress={() => (open.value = 'create')}>
              {t('unknown.create')}
            </Button>
          )}
        </div>
      )}
      {open.value === 'attach' && <AttachSheet code={code} onClose={close} onDone={(name) => void handleKnown(name)} />}
      {open.value === 'create' && (
        <NewItemSheet code={code} onClose={close} onDone={({ name }) => void handleKnown(name)} />
      )}
    </>
  )
}

type Reasons = { unreadable: boolean; isLoading: boolean }

function titleFor({ unreadable, isLoading }: Reasons): string {
  if (unreadable) return t('unknown.unreadable')
  return t(isLoading ? 'unknown.loading' : 'unknown.title')
}

function hintFor({ unreadable, isLoading, mayAttach }: Reasons & { mayAttach: boolean }): string {
  if (unreadable) return t('unknown.unreadableHint')
  if (isLoading) return t('unknown.loadingHint')
  return t(mayAttach ? 'unknown.hint' : 'unknown.hintViewer')
}
