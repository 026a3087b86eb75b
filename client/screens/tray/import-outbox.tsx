// Bringing in a file in which a device saved what waited on it: read and checked first, then asked, then taken in whole.
import { useSignal } from '@preact/signals'
import { Upload } from 'lucide-preact'
import { useRef } from 'preact/hooks'
import type { ImportResult } from '../../device/outbox/outbox-import.ts'
import { useWorkspace } from '../../context/workspace.ts'
import type { FileProblem, ReadFile } from '../../domain/outbox-file.ts'
import { FILE_MAX_BYTES, readOutboxFile } from '../../domain/outbox-file.ts'
import { formatDateTime } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'

type Problem = FileProblem | 'tooLarge' | 'unreadable' | 'notKept'

export function ImportOutbox() {
  const { device, person, syncNow } = useWorkspace()
  const input = useRef<HTMLInputElement>(null)
  const opened = useSignal<ReadFile | undefined>(undefined)
  const problem = useSignal<Problem | undefined>(undefined)
  const busy = useSignal(false)
  const read = async (file: File) => {
    const reader = { orgId: person.org.id, userId: person.user.id, role: person.user.role }
    const found = file.size > FILE_MAX_BYTES ? ({ problem: 'tooLarge' } as const) : await textOf(file)
    if (typeof found !== 'string') problem.value = found.problem
    else {
      const content = readOutboxFile(found, reader)
      if ('problem' in content) problem.value = content.problem
      else opened.value = content
    }
  }
  const take = async ({ contents }: ReadFile) => {
    busy.value = true
    try {
      const { mutations, scans } = await device.importOutbox(contents)
      const isNew = mutations + scans > 0
      if (isNew) syncNow() // by whichever tab leads
      showToast({ text: isNew ? takenIn({ mutations, scans }) : t('bring.known'), tone: 'good' })
    } catch {
      problem.value = 'notKept'
    } finally {
      busy.value = false
      opened.value = undefined
    }
  }
  return (
    <>
      <Button icon={Upload} onPress={() => input.current?.click()}>
        {t('bring.do')}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        aria-label={t('bring.do')}
        hidden
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file) void read(file)
          currentTarget.value = '' // the same file can be chosen again
        }}
      />
      {opened.value && (
        <AskSheet
          file={opened.value}
          busy={busy.value}
          onTake={(file) => void take(file)}
          onClose={() => (opened.value = undefined)}
        />
      )}
      <Sheet open={problem.value !== undefined} title={t('bring.failed')} onClose={() => (problem.value = undefined)}>
        <p role="alert">{problem.value && t(`bring.${problem.value}`)}</p>
      </Sheet>
    </>
  )
}

function AskSheet({
  file,
  busy,
  onTake,
  onClose,
}: {
  readonly file: ReadFile
  readonly busy: boolean
  readonly onTake: (file: ReadFile) => void
  readonly onClose: () => void
}) {
  const { contents, person, savedAt, isOwn } = file
  const { length: count } = contents.pending
  const time = formatDateTime(savedAt.getTime())
  return (
    <Sheet
      open
      strict
      title={count > 0 ? t('bring.title', { count }) : t('bring.titleScans', { count: contents.scans.length })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('bring.leave')}</Button>
          <Button kind="primary" busy={busy} onPress={() => onTake(file)}>
            {t('bring.take')}
          </Button>
        </>
      }
    >
      <p>{person === undefined ? t('bring.saved', { time }) : t('bring.savedBy', { person, time })}</p>
      {count > 0 && contents.scans.length > 0 && <p>{t('bring.scans', { count: contents.scans.length })}</p>}
      <p>
        {!isOwn && t('bring.asYou')} {t('bring.once')}
      </p>
    </Sheet>
  )
}

/** Changes and scans are told apart, as they were when it was asked. */
function takenIn({ mutations, scans }: ImportResult): string {
  const changes = mutations > 0 && t('bring.changes', { count: mutations })
  const open = scans > 0 && t('bring.openScans', { count: scans })
  return t('bring.done', { what: [changes, open].filter(Boolean).join(', ') })
}

async function textOf(file: File): Promise<string | { problem: 'unreadable' }> {
  try {
    return await file.text()
  } catch {
    return { problem: 'unreadable' } // taken away between choosing and reading
  }
}
