// Earlier scans, newest first, each with its state: saved, synced, refused, undone, unknown.
import { useSignal } from '@preact/signals'
import { printedCode } from '#shared/values/gtin.ts'
import { stampMs } from '#shared/values/stamp.ts'
import type { ScanRecord } from '../../device/records.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { amountOf, describeMutation } from '../../domain/describe-mutation.ts'
import { readScan } from '../../domain/read-scan.ts'
import { StateTag } from '../../components/state-tag.tsx'
import { UnresolvedSheet } from '../../components/deferred-sheets.ts'
import { formatTime } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import { EntrySheet } from './entry-sheet.tsx'
import type { ScanLogLine } from './model/log-lines.ts'
import { logLines } from './model/log-lines.ts'
import type { ScanModel } from './model/scan-model.ts'

export function ScanLogList({ model }: { model: ScanModel }) {
  const { device } = useWorkspace()
  const openEntry = useSignal<string | undefined>(undefined)
  const openScan = useSignal<ScanRecord | undefined>(undefined)
  const lines = logLines({
    history: device.history.value,
    unresolved: device.scans.unresolved.value,
    inDraft: new Set(model.lines.all.flatMap(({ scanIds }) => scanIds)),
  })
  const opened = device.history.value.find(({ envelope }) => envelope.id === openEntry.value)
  if (lines.length === 0) return null
  return (
    <Card flush>
      <h2 class="only-read">{t('scan.before')}</h2>
      <RowList label={t('scan.before')}>
        {lines.map((line) =>
          line.kind === 'recorded' ? (
            <Recorded key={line.entry.envelope.id} line={line} onPress={(id) => (openEntry.value = id)} />
          ) : (
            <Unresolved key={line.scan.id} scan={line.scan} onPress={() => (openScan.value = line.scan)} />
          ),
        )}
      </RowList>
      {opened && <EntrySheet model={model} entry={opened} onClose={() => (openEntry.value = undefined)} />}
      {openScan.value && <UnresolvedSheet scan={openScan.value} onClose={() => (openScan.value = undefined)} />}
    </Card>
  )
}

type RecordedLine = Extract<ScanLogLine, { kind: 'recorded' }>

function Recorded({ line: { entry, undone }, onPress }: { line: RecordedLine; onPress: (id: string) => void }) {
  const { device } = useWorkspace()
  const { envelope } = entry
  const { title } = describeMutation(device, envelope)
  return (
    <Row
      lead={formatTime(stampMs(envelope.at))}
      title={undone ? <s>{title}</s> : title}
      trail={
        <>
          <b class="num">{amountOf(envelope)}</b>
          {undone ? <Tag tone="plain">{t('state.undone')}</Tag> : <StateTag entry={entry} />}
        </>
      }
      plain
      onPress={() => onPress(envelope.id)}
    />
  )
}

function Unresolved({ scan, onPress }: { scan: ScanRecord; onPress: () => void }) {
  const { device } = useWorkspace()
  const read = readScan(device.queries, scan, new Date(scan.at))
  const known = read.kind === 'item' || read.kind === 'location'
  return (
    <Row
      lead={formatTime(scan.at)}
      title={read.kind === 'item' ? read.item.name : printedCode(scan.code)}
      trail={<Tag tone={known ? 'warn' : 'bad'}>{t(known ? 'state.notRecorded' : 'state.unknown')}</Tag>}
      plain
      onPress={onPress}
    />
  )
}
