// The history of an item: from the ledger with a connection, otherwise this device's own mutations.
import { toThousandths } from '#shared/values/quantity.ts'
import { builtInReason } from '#shared/values/reasons.ts'
import { useEffect, useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { stampMs } from '#shared/values/stamp.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { amountOf, describeMutation } from '../../domain/describe-mutation.ts'
import { locationName } from '../../domain/names.ts'
import { StateTag } from '../../components/state-tag.tsx'
import type { MovementPage, MovementEntry } from '../../api/api-client.ts'
import { formatDateTime, formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Skeleton } from '../../ui/feedback/skeleton.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'

const PAGE_ROWS = 15

type Loaded = { state: 'loading' } | { state: 'offline' } | { state: 'loaded'; page: MovementPage }

export function History({ item }: { item: Item }) {
  const { device, api, status } = useWorkspace()
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' })
  const isOnline = status.value.link === 'online'
  // A new version may have new entries in the ledger.
  const version = device.syncPoint.value.version
  useEffect(() => {
    let isCurrent = true
    const show = (next: Loaded) => isCurrent && setLoaded(next)
    if (!isOnline) show({ state: 'offline' })
    else {
      api
        .movements({ itemId: item.id, limit: PAGE_ROWS })
        .then((page) => show({ state: 'loaded', page }))
        .catch(() => show({ state: 'offline' }))
    }
    return () => {
      isCurrent = false
    }
  }, [isOnline, version, item.id, api])
  const more = async () => {
    if (loaded.state !== 'loaded' || loaded.page.cursor === null) return
    const next = await api
      .movements({ itemId: item.id, limit: PAGE_ROWS, cursor: loaded.page.cursor })
      .catch(() => undefined)
    if (next) setLoaded({ state: 'loaded', page: { rows: [...loaded.page.rows, ...next.rows], cursor: next.cursor } })
  }
  return (
    <Card title={t('item.history')} flush>
      {loaded.state === 'loading' && <Skeleton shape="rows" count={4} />}
      {loaded.state === 'offline' && <LocalHistory item={item} />}
      {loaded.state === 'loaded' && <Ledger item={item} rows={loaded.page.rows} />}
      {loaded.state === 'loaded' && loaded.page.cursor !== null && (
        <div class="item-more">
          <Button onPress={() => void more()}>{t('item.historyMore')}</Button>
        </div>
      )}
    </Card>
  )
}

function Ledger({ item, rows }: { item: Item; rows: readonly MovementEntry[] }) {
  if (rows.length === 0) return <p class="item-note soft">{t('item.historyNone')}</p>
  return (
    <RowList label={t('item.history')}>
      {rows.map((row) => (
        <LedgerLine key={row.no} item={item} row={row} />
      ))}
    </RowList>
  )
}

const KINDS = {
  receive: 'history.receive',
  withdraw: 'history.withdraw',
  transfer_in: 'history.transferIn',
  transfer_out: 'history.transferOut',
  count: 'history.count',
  void: 'history.void',
} as const

function LedgerLine({ item, row }: { item: Item; row: MovementEntry }) {
  const { device } = useWorkspace()
  const { kind, quantity, lot, reason } = row
  const title = kind in KINDS ? t(KINDS[kind as keyof typeof KINDS]) : kind
  const amount = toThousandths(Number(quantity))
  const format = (value: number, signed: boolean) => formatQuantity(value, { decimals: item.decimals, signed })
  const note = [
    locationName(device, row.locationId),
    lot && t('words.lot', { lot }),
    formatDateTime(stampMs(row.at)),
    row.userName,
    reason && describeReason(reason),
  ]
  return (
    <Row
      title={title}
      note={note.filter(Boolean).join(' · ')}
      trail={
        <>
          {row.fate === 'void' && <Tag tone="plain">{t('state.undone')}</Tag>}
          {(row.fate === 'absorbed' || row.fate === 'superseded') && <Tag tone="plain">{t('history.absorbed')}</Tag>}
          <b class="num">{kind === 'count' ? `= ${format(amount, false)}` : format(amount, true)}</b>
        </>
      }
    />
  )
}

function LocalHistory({ item }: { item: Item }) {
  const { device } = useWorkspace()
  const entries = device.history.value.filter(({ envelope: { args } }) => {
    const { itemId, id } = args as { itemId?: string; id?: string }
    return itemId === item.id || id === item.id
  })
  return (
    <>
      <p class="item-note soft">{t(entries.length > 0 ? 'item.historyOwn' : 'item.historyOffline')}</p>
      <RowList label={t('item.history')}>
        {entries.slice(0, PAGE_ROWS).map((entry) => {
          const { note } = describeMutation(device, entry.envelope)
          return (
            <Row
              key={entry.envelope.id}
              title={note}
              note={formatDateTime(stampMs(entry.envelope.at))}
              trail={
                <>
                  <b class="num">{amountOf(entry.envelope)}</b>
                  <StateTag entry={entry} />
                </>
              }
            />
          )
        })}
      </RowList>
    </>
  )
}

/** Translates a built-in reason. Any other is shown as it was written. */
function describeReason(reason: string): string {
  const known = builtInReason(reason)
  return known ? t(`reason.${known}`) : reason
}
