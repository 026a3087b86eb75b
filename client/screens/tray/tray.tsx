// The tray: pending mutations, refusals, reviews, unresolved scans, and how to resolve each.
import { useSignal } from '@preact/signals'
import { CircleCheck } from 'lucide-preact'
import { printedCode } from '#shared/values/gtin.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import type { ScanRecord } from '../../device/records.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { readScan } from '../../domain/read-scan.ts'
import { Screen } from '../../components/screen.tsx'
import { UnresolvedSheet } from '../../components/unresolved-sheet.tsx'
import { describeScan } from '../../domain/describe-scan.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import { BelowZero } from './below-zero.tsx'
import { ConflictSheet } from './conflict-sheet.tsx'
import { describeConflict } from './describe-conflict.ts'
import { Notices } from './notices.tsx'
import { Pending } from './pending.tsx'
import { Tools } from './tools.tsx'
import './tray.css'

export function Tray() {
  const workspace = useWorkspace()
  const { device } = workspace
  const mayRecord = mayDo(workspace, 'staff')
  const conflicts = device.queries.openConflicts()
  const unresolved = device.scans.unresolved.value
  const below = device.queries.positionsBelowZero()
  const isEmpty = [conflicts, unresolved, below].every(({ length }) => length === 0) && device.pendingCount.value === 0
  return (
    <Screen title={t('nav.tray')} head>
      <div class="tray-grid">
        <div class="stack">
          <Notices />
          {isEmpty && (
            <Card>
              <EmptyState icon={CircleCheck} title={t(mayRecord ? 'tray.empty' : 'tray.nothing')}>
                {t(mayRecord ? 'tray.emptyHint' : 'tray.nothingHint')}
              </EmptyState>
            </Card>
          )}
          <Conflicts conflicts={conflicts} />
          <BelowZero positions={below} />
          <Unresolved scans={unresolved} />
          <Pending />
        </div>
        <Tools />
      </div>
    </Screen>
  )
}

/** Resolving the first ones brings up the others. */
const SHOWN_MAX = 100

function Conflicts({ conflicts }: { conflicts: readonly Conflict[] }) {
  const { device } = useWorkspace()
  const openId = useSignal<string | undefined>(undefined)
  const opened = conflicts.find(({ id }) => id === openId.value)
  if (conflicts.length === 0) return null
  return (
    <Card title={t('tray.conflicts')} badge={<Tag tone="bad">{conflicts.length}</Tag>} flush>
      <RowList label={t('tray.conflicts')}>
        {conflicts.slice(0, SHOWN_MAX).map((conflict) => {
          const { title, cause, note } = describeConflict(device, conflict)
          return (
            <Row
              key={conflict.id}
              title={title}
              note={[cause, note].filter(Boolean).join(' · ')}
              trail={
                <Tag tone={conflict.kind === 'refusal' ? 'bad' : 'warn'}>
                  {t(conflict.kind === 'refusal' ? 'state.refused' : 'state.review')}
                </Tag>
              }
              onPress={() => (openId.value = conflict.id)}
            />
          )
        })}
      </RowList>
      {opened && <ConflictSheet conflict={opened} onClose={() => (openId.value = undefined)} />}
    </Card>
  )
}

function Unresolved({ scans }: { scans: readonly ScanRecord[] }) {
  const { device, clock } = useWorkspace()
  const opened = useSignal<ScanRecord | undefined>(undefined)
  if (scans.length === 0) return null
  return (
    <Card title={t('tray.unresolved')} badge={<Tag tone="warn">{scans.length}</Tag>} flush>
      <RowList label={t('tray.unresolved')}>
        {scans.slice(0, SHOWN_MAX).map((scan) => {
          const read = readScan(device.queries, scan, new Date(scan.at))
          const isKnown = read.kind === 'item' || read.kind === 'location'
          return (
            <Row
              key={scan.id}
              title={read.kind === 'item' ? read.item.name : printedCode(scan.code)}
              note={describeScan(device, scan, clock.now())}
              trail={!isKnown && <Tag tone="bad">{t('state.unknown')}</Tag>}
              onPress={() => (opened.value = scan)}
            />
          )
        })}
      </RowList>
      {opened.value && <UnresolvedSheet scan={opened.value} onClose={() => (opened.value = undefined)} />}
    </Card>
  )
}
