// Imports a file in which a device saved its outbox. Validates it first, asks the person, then imports all of it.
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
    const text = file.size > FILE_MAX_BYTES ? ({ problem: 'tooLarge' } as const) : await readText(file)
    if (typeof text !== 'string') problem.value = text.problem
    else {
      const outboxFile = readOutboxFile(text, reader)
      if ('problem' in outboxFile) problem.value = outboxFile.problem
      else opened.value = outboxFile
    }
  }
  const importFile = async ({ contents }: ReadFile) => {
    busy.value = true
    try {
      const { mutations, scans } = await device.importOutbox(contents)
      const isNew = mutations + scans > 0
      if (isNew) syncNow() // the leading tab syncs
      showToast({ text: isNew ? describeImport({ mutations, scans }) : t('bring.known'), tone: 'good' })
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
          currentTarget.value = '' // allows choosing the same file again
        }}
      />
      {opened.value && (
        <ConfirmSheet
          file={opened.value}
          busy={busy.value}
          onImport={(file) => void importFile(file)}
          onClose={() => (opened.value = undefined)}
        />
      )}
      <Sheet open={problem.value !== undefined} title={t('bring.failed')} onClose={() => (problem.value = undefined)}>
        <p role="alert">{problem.value && t(`bring.${problem.value}`)}</p>
      </Sheet>
    </>
  )
}

function ConfirmSheet({
  file,
  busy,
  onImport,
  onClose,
}: {
  readonly file: ReadFile
  readonly busy: boolean
  readonly onImport: (file: ReadFile) => void
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
          <Button kind="primary" busy={busy} onPress={() => onImport(file)}>
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

/** Mutations and scans are counted separately, as in the question before. */
function describeImport({ mutations, scans }: ImportResult): string {
  const changes = mutations > 0 && t('bring.changes', { count: mutations })
  const open = scans > 0 && t('bring.openScans', { count: scans })
  return t('bring.done', { what: [changes, open].filter(Boolean).join(', ') })
}

async function readText(file: File): Promise<string | { problem: 'unreadable' }> {
  try {
    return await file.text()
  } catch {
    return { problem: 'unreadable' } // the file was removed after it was chosen
  }
}
