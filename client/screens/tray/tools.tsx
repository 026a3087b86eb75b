// Sync now, work offline, export, and storage usage.
import { Download, RefreshCw } from 'lucide-preact'
import { useEffect, useState } from 'preact/hooks'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { formatNumber } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { SwitchField } from '../../ui/controls/field.tsx'
import type { OutboxEntry } from '../../device/records.ts'
import { describeMutation } from '../../domain/describe-mutation.ts'
import { exportOutbox } from '../../domain/export-outbox.ts'
import { ImportOutbox } from './import-outbox.tsx'

/** States with a notice of their own, which explains the problem better than the refusal. */
const HAS_NOTICE: ReadonlySet<string> = new Set(['limited', 'outdated', 'storage'])

export function Tools() {
  const workspace = useWorkspace()
  const { status, device, person, clock, syncNow, setOffline } = workspace
  const { link: state, busy, problem } = status.value
  const save = async () => {
    const from = {
      device: device.name,
      person: person.user.name,
      point: device.syncPoint.value,
      inWords: ({ envelope }: OutboxEntry) => describeMutation(device, envelope),
    }
    exportOutbox(await device.exportPending(), from, new Date(clock.now()))
  }
  const hasPending = device.pendingCount.value > 0 || device.scans.unresolved.value.length > 0
  return (
    <Card title={t('tray.tools')}>
      {problem && !HAS_NOTICE.has(state) && (
        <p class="warn-line" role="status">
          {problem === 'role_too_low' ? t('tray.onlyReads') : `${meaning(problem).cause} ${meaning(problem).remedy}`}
        </p>
      )}
      <SwitchField
        label={t('tray.workOffline')}
        hint={t('tray.workOfflineHint')}
        on={state === 'paused'}
        onChange={setOffline}
      />
      <div class="cluster">
        <Button icon={RefreshCw} busy={busy} disabled={state === 'paused' || state === 'signed_out'} onPress={syncNow}>
          {t('tray.syncNow')}
        </Button>
        <Button icon={Download} disabled={!hasPending} onPress={() => void save()}>
          {t('tray.export')}
        </Button>
        {mayDo(workspace, 'staff') && <ImportOutbox />}
      </div>
      <StorageLine />
    </Card>
  )
}

function StorageLine() {
  const [used, setUsed] = useState<string | undefined>(undefined)
  const [isPersisted, setIsPersisted] = useState<boolean | undefined>(undefined)
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ usage = 0 }) => setUsed(megabytes(usage)))
    void navigator.storage?.persisted?.().then(setIsPersisted)
  }, [])
  if (used === undefined) return null
  return (
    <p class="soft small">
      {t('tray.storage', { used })}{' '}
      {isPersisted !== undefined && t(isPersisted ? 'tray.persisted' : 'tray.notPersisted')}
    </p>
  )
}

function megabytes(bytes: number): string {
  return formatNumber(bytes / 1_000_000, {
    style: 'unit',
    unit: 'megabyte',
    maximumFractionDigits: bytes < 10_000_000 ? 1 : 0,
  })
}
