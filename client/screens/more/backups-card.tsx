// Shows a manager the last backups, and starts one on request.
import { useSignal } from '@preact/signals'
import { DatabaseBackup } from 'lucide-preact'
import { useEffect } from 'preact/hooks'
import { useWorkspace } from '../../context/workspace.ts'
import type { BackupEntry, ApiClient } from '../../api/api-client.ts'
import { formatDateTime, formatNumber } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'

const SHOWN_MAX = 5
const POLL_MS = 1_000
/** A worker starts a backup within seconds. A large one takes minutes, and is shown as running in the meantime. */
const START_TIMEOUT_MS = 20_000

type Backups = readonly BackupEntry[] | 'loading' | 'unreachable'

export function BackupsCard() {
  const { api } = useWorkspace()
  const backups = useSignal<Backups>('loading')
  const request = useSignal<'none' | 'waiting' | 'nobody' | 'recent'>('none')
  const read = async () => (backups.value = await api.backups().catch((): Backups => 'unreachable'))
  useEffect(() => void read(), [])
  const start = async () => {
    request.value = 'waiting'
    const before = newestId(backups.value)
    const outcome = await requestBackup(api, before, (now) => (backups.value = now)).catch(() => 'unreachable' as const)
    if (outcome === 'unreachable') backups.value = outcome
    request.value = outcome === 'unreachable' || outcome === 'made' ? 'none' : outcome
  }
  return (
    <Card title={t('backups.title')}>
      <p class="soft">{t('backups.hint')}</p>
      <Button icon={DatabaseBackup} disabled={request.value === 'waiting'} onPress={() => void start()}>
        {t('backups.now')}
      </Button>
      <div role="status">
        {request.value === 'waiting' && <p class="soft">{t('backups.making')}</p>}
        {request.value === 'nobody' && <p>{t('backups.nobody')}</p>}
        {request.value === 'recent' && <p class="soft">{t('backups.recent')}</p>}
        <KnownBackups backups={backups.value} />
      </div>
    </Card>
  )
}

function KnownBackups({ backups }: { backups: Backups }) {
  if (backups === 'loading') return null
  if (backups === 'unreachable') return <p>{t('backups.unreachable')}</p>
  if (backups.length === 0) return <p class="strong">{t('backups.none')}</p>
  return (
    <div class="more-rows">
      <RowList label={t('backups.title')}>
        {backups.slice(0, SHOWN_MAX).map(({ id, beganAt, state, bytes, encrypted, problem }) => (
          <Row
            key={id}
            title={formatDateTime(beganAt)}
            note={[bytes !== null && sizeOf(bytes), encrypted && t('backups.encrypted'), problem]
              .filter(Boolean)
              .join(' · ')}
            trail={<Tag tone={TONES[state]}>{t(`backups.state.${state}`)}</Tag>}
          />
        ))}
      </RowList>
    </div>
  )
}

const TONES = { running: 'warn', done: 'good', failed: 'bad' } as const

function newestId(backups: Backups): string | undefined {
  return typeof backups === 'string' ? undefined : backups[0]?.id
}

/** Resolves when a new backup has ended, or when no worker has started one in time. */
async function requestBackup(
  api: ApiClient,
  before: string | undefined,
  show: (now: Backups) => void,
): Promise<'made' | 'nobody' | 'recent'> {
  if (!(await api.askForBackup())) return 'recent'
  const end = Date.now() + START_TIMEOUT_MS
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const now = await api.backups()
    show(now)
    const [newest] = now
    const hasBegun = newest !== undefined && newest.id !== before
    if (hasBegun && newest.state !== 'running') return 'made'
    if (!hasBegun && Date.now() > end) return 'nobody'
  }
}

function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${formatNumber(Math.ceil(bytes / 1e3))} KB` : `${formatNumber(Math.round(bytes / 1e5) / 10)} MB`
}
