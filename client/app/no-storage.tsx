// The device cannot or must not store anything. Shown before a person scans without storing.
import { systemClock } from '#shared/values/clock.ts'
import { HardDrive } from 'lucide-preact'
import { NewerDatabaseError, readPendingFrom } from '../device/storage/device-storage.ts'
import { exportOutbox } from '../domain/export-outbox.ts'
import { t } from '../strings/strings.ts'
import { AppFrame } from '../ui/layout/app-frame.tsx'
import { Button } from '../ui/controls/button.tsx'
import { EmptyState } from '../ui/layout/empty-state.tsx'

export function NoStorage({ problem }: { problem: unknown }) {
  if (problem instanceof NewerDatabaseError) return <OlderApp name={problem.databaseName} />
  return (
    <AppFrame bare bar={[]} side={[]} title={t('storage.none')}>
      <EmptyState icon={HardDrive} title={t('storage.none')} action={<Reload label={t('storage.again')} />}>
        {t('storage.noneHint')}{' '}
        <span class="small">{problem instanceof Error ? problem.message : String(problem)}</span>
      </EmptyState>
    </AppFrame>
  )
}

/** A newer version has been used here. This one does not open, change or delete anything. */
function OlderApp({ name }: { name: string }) {
  const save = async () => exportOutbox(await readPendingFrom(name), { device: name }, new Date(systemClock.now()))
  return (
    <AppFrame bare bar={[]} side={[]} title={t('storage.newer')}>
      <EmptyState
        icon={HardDrive}
        title={t('storage.newer')}
        action={
          <div class="stack">
            <Reload label={t('storage.reload')} />
            <Button onPress={() => void save()}>{t('tray.export')}</Button>
          </div>
        }
      >
        {t('storage.newerHint')}
      </EmptyState>
    </AppFrame>
  )
}

function Reload({ label }: { label: string }) {
  return (
    <Button kind="primary" onPress={() => location.reload()}>
      {label}
    </Button>
  )
}
