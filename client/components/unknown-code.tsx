// A code that nobody knows: attach it to an item, or make an item of it. Then what waited for it is recorded.
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
  /** A GS1 label that cannot be read for certain: there is nothing to attach. */
  readonly unreadable?: boolean | undefined
  /** The code is known now; records what waited for it. */
  readonly onKnown: (code: string) => Promise<{ recorded: number; left: number }>
}

export function UnknownCode({ code, unreadable = false, onKnown }: Props) {
  const workspace = useWorkspace()
  const doing = useSignal<'attach' | 'create' | undefined>(undefined)
  const close = () => (doing.value = undefined)
  // Whoever makes an item of a code that is only not loaded yet makes it twice.
  const isLoading = !workspace.device.syncPoint.value.complete
  const mayAttach = !unreadable && !isLoading && mayDo(workspace, 'staff')
  const known = async (name: string) => {
    close()
    const { recorded, left } = await onKnown(code)
    const done = recorded > 0 ? t('unknown.recordedOf', { count: recorded, item: name }) : undefined
    showToast({ text: done ?? t('unknown.nowKnown', { item: name }), tone: 'good' })
    if (left > 0) showToast({ text: t('unknown.left', { count: left }), tone: 'warn' })
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
          <Button icon={Link2} onPress={() => (doing.value = 'attach')}>
            {t('unknown.attach')}
          </Button>
          {mayDo(workspace, 'manager') && (
            <Button icon={Plus} onPress={() => (doing.value = 'create')}>
              {t('unknown.create')}
            </Button>
          )}
        </div>
      )}
      {doing.value === 'attach' && <AttachSheet code={code} onClose={close} onDone={(name) => void known(name)} />}
      {doing.value === 'create' && <NewItemSheet code={code} onClose={close} onDone={({ name }) => void known(name)} />}
    </>
  )
}

type Why = { unreadable: boolean; isLoading: boolean }

function titleFor({ unreadable, isLoading }: Why): string {
  if (unreadable) return t('unknown.unreadable')
  return t(isLoading ? 'unknown.loading' : 'unknown.title')
}

function hintFor({ unreadable, isLoading, mayAttach }: Why & { mayAttach: boolean }): string {
  if (unreadable) return t('unknown.unreadableHint')
  if (isLoading) return t('unknown.loadingHint')
  return t(mayAttach ? 'unknown.hint' : 'unknown.hintViewer')
}
