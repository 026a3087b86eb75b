// Sending now, working offline, keeping a copy, and how much room is taken.
import { Download, RefreshCw } from 'lucide-preact'
import { useEffect, useState } from 'preact/hooks'
import { useApp } from '../../parts/app-context.ts'
import { formatNumber } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { SwitchField } from '../../ui/field.tsx'
import { wordsFor } from '../../parts/mutation-words.ts'
import type { Device } from '../../device/device.ts'

export function Tools() {
  const { status, device, syncNow, pauseSync } = useApp()
  const { link, busy, problem } = status.value
  const waits = device.pendingCount.value > 0 || device.scans.unresolved.value.length > 0
  return (
    <Card title={t('tray.tools')}>
      {problem && (
        <p class="warn-line" role="status">
          {meaning(problem).cause} {meaning(problem).remedy}
        </p>
      )}
      <SwitchField
        label={t('tray.workOffline')}
        hint={t('tray.workOfflineHint')}
        on={link === 'paused'}
        onChange={pauseSync}
      />
      <div class="cluster">
        <Button icon={RefreshCw} busy={busy} disabled={link === 'paused' || link === 'signed_out'} onPress={syncNow}>
          {t('tray.syncNow')}
        </Button>
        <Button icon={Download} disabled={!waits} onPress={() => void save(device)}>
          {t('tray.export')}
        </Button>
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

/** All that waits, as a file that a person can keep and read. */
async function save(device: Device): Promise<void> {
  const { outbox, scans } = await device.exportPending()
  const { clientId } = await device.identity()
  const content = {
    about: 'Stockhand: what waited on this device',
    device: clientId,
    savedAt: new Date().toISOString(),
    pending: outbox.map(({ envelope }) => ({ ...envelope, inWords: wordsFor(device, envelope) })),
    scans: scans.filter(({ state }) => state === 'unresolved'),
  }
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `stockhand-${new Date().toISOString().slice(0, 16).replaceAll(/[:T]/g, '-')}.json`
  link.click()
  URL.revokeObjectURL(url)
}
