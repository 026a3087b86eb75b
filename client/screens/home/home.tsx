// The home page on a desktop: stock, what needs attention, and the last mutations of this device. Works offline.
import { useEffect } from 'preact/hooks'
import { CircleCheck } from 'lucide-preact'
import type { Alert } from '#shared/rows/rows.ts'
import { stampMs } from '#shared/values/stamp.ts'
import { useWorkspace, type Workspace } from '../../context/workspace.ts'
import { amountOf, describeMutation } from '../../domain/describe-mutation.ts'
import { itemName, locationName } from '../../domain/names.ts'
import { Screen } from '../../components/screen.tsx'
import { StateTag } from '../../components/state-tag.tsx'
import { currentLocale, t } from '../../strings/strings.ts'
import { formatAgo, formatNumber, formatQuantity, formatTime } from '../../strings/figures.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card, FigureCard } from '../../ui/layout/card.tsx'
import { DataTable, type Column } from '../../ui/lists/data-table.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import { LevelBar } from '../../ui/feedback/level-bar.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Skeleton } from '../../ui/feedback/skeleton.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import type { Device } from '../../device/device.ts'
import './home.css'

export function Home() {
  const { totals, clock } = useWorkspace()
  useEffect(totals.watch, [totals])
  return (
    <Screen
      title={partOfDay(new Date(clock.now()))}
      head
      actions={<Button href="/stock?find">{t('home.find')}</Button>}
    >
      <Figures />
      <div class="home-grid">
        <BelowLevel />
        <div class="stack">
          <Alerts />
          <Recent />
        </div>
      </div>
    </Screen>
  )
}

/** Undefined until this device has all rows, because "nothing is below its level" could be wrong before. */
function totalsOf({ device, totals }: Pick<Workspace, 'device' | 'totals'>) {
  return device.syncPoint.value.complete ? totals.current.value : undefined
}

/** A greeting such as "Tuesday morning". */
function partOfDay(now: Date): string {
  const hour = now.getHours()
  const part = hour < 5 || hour >= 22 ? 'night' : hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening'
  const day = new Intl.DateTimeFormat(currentLocale(), { weekday: 'long' }).format(now)
  return t(`home.${part}`, { day })
}

function Figures() {
  const workspace = useWorkspace()
  const { device } = workspace
  const totals = totalsOf(workspace)
  const count = device.queries.itemCount
  const needsAttention = device.queries.openConflicts().length + device.queries.positionsBelowZero().length
  const pending = device.pendingCount.value
  const unresolved = device.scans.unresolved.value.length
  return (
    <div class="home-figures">
      <FigureCard
        label={t('home.inStock')}
        value={totals ? formatNumber(totals.inStock.size) : '…'}
        note={totals && t('home.ofItems', { count })}
        href="/stock?only=in"
      />
      <FigureCard
        label={t('home.belowLevel')}
        value={totals ? formatNumber(totals.low.size) : '…'}
        tone={totals && totals.low.size > 0 ? 'warn' : undefined}
        note={t('home.belowLevelNote')}
        href="/stock?only=low"
      />
      <FigureCard
        label={t('home.attention')}
        value={formatNumber(needsAttention)}
        tone={needsAttention > 0 ? 'bad' : undefined}
        note={t('home.attentionNote')}
        href="/tray"
      />
      <FigureCard
        label={t('home.waiting')}
        value={formatNumber(pending)}
        note={t('home.unresolved', { count: unresolved })}
        href="/tray"
      />
    </div>
  )
}

const ROWS = 8

function BelowLevel() {
  const workspace = useWorkspace()
  const { device } = workspace
  const totals = totalsOf(workspace)
  if (!totals) {
    return (
      <Card title={t('home.belowLevel')}>
        <Skeleton shape="rows" count={5} />
      </Card>
    )
  }
  // The lowest share of the low level first.
  const worst = [...totals.low]
    .map((id) => ({ id, share: device.queries.totalOf(id) / (device.queries.item(id)?.low || 1) }))
    .toSorted((a, b) => a.share - b.share)
    .slice(0, ROWS)
    .map(({ id }) => id)
  return (
    <Card
      title={t('home.belowLevel')}
      badge={worst.length > 0 && <Tag tone="warn">{formatNumber(totals.low.size)}</Tag>}
      action={totals.low.size > ROWS && <a href="/stock?only=low">{t('home.all')}</a>}
      flush
    >
      <DataTable
        caption={t('home.belowLevel')}
        columns={columnsFor(device)}
        rows={worst}
        keyOf={(id) => id}
        hrefOf={(id) => `/items/${id}`}
        empty={
          <EmptyState icon={CircleCheck} title={t('home.nothingLow')}>
            {t('home.nothingLowHint')}
          </EmptyState>
        }
      />
    </Card>
  )
}

function columnsFor(device: Device): Column<string>[] {
  const item = (id: string) => device.queries.item(id)
  const format = (id: string, value: number | null = null) =>
    value === null ? '' : formatQuantity(value, { decimals: item(id)?.decimals ?? 0 })
  return [
    {
      key: 'item',
      header: t('home.item'),
      cell: (id) => (
        <span class="home-item">
          <b>{item(id)?.name}</b>
          <span class="soft small">{item(id)?.sku}</span>
        </span>
      ),
    },
    {
      key: 'level',
      header: t('stock.level'),
      width: '140px',
      cell: (id) => (
        <LevelBar
          value={device.queries.totalOf(id)}
          low={item(id)?.low ?? undefined}
          target={item(id)?.target ?? undefined}
        />
      ),
    },
    {
      key: 'onHand',
      header: t('stock.onHand'),
      figures: true,
      cell: (id) => (
        <b class={device.queries.totalOf(id) < 0 ? 'bad-ink' : ''}>{format(id, device.queries.totalOf(id))}</b>
      ),
    },
    { key: 'low', header: t('field.low'), figures: true, cell: (id) => format(id, item(id)?.low) },
    { key: 'target', header: t('field.target'), figures: true, cell: (id) => format(id, item(id)?.target) },
  ]
}

function Alerts() {
  const { device } = useWorkspace()
  const alerts = device.queries.openAlerts().toSorted((a, b) => b.openedAt - a.openedAt)
  return (
    <Card
      title={t('home.alerts')}
      badge={alerts.length > 0 && <Tag tone="warn">{formatNumber(alerts.length)}</Tag>}
      flush
    >
      {alerts.length === 0 && <p class="home-note soft">{t('home.noAlerts')}</p>}
      <RowList label={t('home.alerts')}>
        {alerts.slice(0, ROWS).map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
      </RowList>
    </Card>
  )
}

function AlertLine({ alert }: { alert: Alert }) {
  const { device } = useWorkspace()
  const { kind, itemId, locationId, quantity, openedAt } = alert
  const item = itemId === null ? undefined : device.queries.item(itemId)
  const note = [t(`alert.${kind}`), locationId && locationName(device, locationId), formatAgo(openedAt, Date.now())]
  return (
    <Row
      title={itemId === null ? t(`alert.${kind}`) : itemName(device, itemId)}
      note={note.filter(Boolean).join(' · ')}
      trail={quantity !== null && <b class="num">{formatQuantity(quantity, { decimals: item?.decimals ?? 0 })}</b>}
      href={itemId === null ? undefined : `/items/${itemId}`}
    />
  )
}

function Recent() {
  const { device } = useWorkspace()
  const recent = device.history.value.slice(0, ROWS)
  return (
    <Card title={t('home.recent')} flush>
      {recent.length === 0 && <p class="home-note soft">{t('home.noRecent')}</p>}
      <RowList label={t('home.recent')}>
        {recent.map((entry) => {
          const { title, note } = describeMutation(device, entry.envelope)
          return (
            <Row
              key={entry.envelope.id}
              lead={formatTime(stampMs(entry.envelope.at))}
              title={title}
              note={note}
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
    </Card>
  )
}
