// Sending now, working offline, keeping a copy, and how much room is taken.
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

/** The notices say why nothing moves, and what it means for the work here: the refusal alone would alarm. */
const SAID_ABOVE: ReadonlySet<string> = new Set(['limited', 'outdated', 'storage'])

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
  const waits = device.pendingCount.value > 0 || device.scans.unresolved.value.length > 0
  return (
    <Card title={t('tray.tools')}>
      {problem && !SAID_ABOVE.has(state) && (
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
        <Button icon={Download} disabled={!waits} onPress={() => void save()}>
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
  const [kept, setKept] = useState<boolean | undefined>(undefined)
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ usage = 0 }) => setUsed(megabytes(usage)))
    void navigator.storage?.persisted?.().then(setKept)
  }, [])
  if (used === undefined) return null
  return (
    <p class="soft small">
      {t('tray.storage', { used })} {kept !== undefined && t(kept ? 'tray.persisted' : 'tray.notPersisted')}
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
