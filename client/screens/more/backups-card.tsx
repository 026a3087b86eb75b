// A manager sees when the last backup was made, and asks for one.
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
const GLANCE_MS = 1_000
/** A process that makes backups begins within seconds; a large one takes minutes, and is shown as under way meanwhile. */
const PATIENCE_MS = 20_000

type Known = readonly BackupEntry[] | 'asking' | 'unreachable'

export function BackupsCard() {
  const { api } = useWorkspace()
  const known = useSignal<Known>('asking')
  const wish = useSignal<'none' | 'waiting' | 'nobody' | 'recent'>('none')
  const read = async () => (known.value = await api.backups().catch((): Known => 'unreachable'))
  useEffect(() => void read(), [])
  const ask = async () => {
    wish.value = 'waiting'
    const before = newestId(known.value)
    const made = await askAndWatch(api, before, (now) => (known.value = now)).catch(() => 'unreachable' as const)
    if (made === 'unreachable') known.value = made
    wish.value = made === 'unreachable' || made === 'made' ? 'none' : made
  }
  return (
    <Card title={t('backups.title')}>
      <p class="soft">{t('backups.hint')}</p>
      <Button icon={DatabaseBackup} disabled={wish.value === 'waiting'} onPress={() => void ask()}>
        {t('backups.now')}
      </Button>
      <div role="status">
        {wish.value === 'waiting' && <p class="soft">{t('backups.making')}</p>}
        {wish.value === 'nobody' && <p>{t('backups.nobody')}</p>}
        {wish.value === 'recent' && <p class="soft">{t('backups.recent')}</p>}
        <KnownBackups known={known.value} />
      </div>
    </Card>
  )
}

function KnownBackups({ known }: { known: Known }) {
  if (known === 'asking') return null
  if (known === 'unreachable') return <p>{t('backups.unreachable')}</p>
  if (known.length === 0) return <p class="strong">{t('backups.none')}</p>
  return (
    <div class="more-rows">
      <RowList label={t('backups.title')}>
        {known.slice(0, SHOWN_MAX).map(({ id, beganAt, state, bytes, encrypted, problem }) => (
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

function newestId(known: Known): string | undefined {
  return typeof known === 'string' ? undefined : known[0]?.id
}

/** Resolves once a new backup has ended, or nobody has begun one for a while. */
async function askAndWatch(
  api: ApiClient,
  before: string | undefined,
  show: (now: Known) => void,
): Promise<'made' | 'nobody' | 'recent'> {
  if (!(await api.askForBackup())) return 'recent'
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, GLANCE_MS))
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
