// The search results: rows on the handheld, a table on the desktop.
import { useWorkspace } from '../../context/workspace.ts'
import { isHandheld } from '../../context/form-factor.ts'
import type { Device } from '../../device/device.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import type { Column } from '../../ui/lists/data-table.tsx'
import { DataTable } from '../../ui/lists/data-table.tsx'
import { LevelBar } from '../../ui/feedback/level-bar.tsx'
import { RowLine } from '../../ui/lists/row-list.tsx'
import { VirtualList } from '../../ui/lists/virtual-list.tsx'
import type { StockModel } from './stock-model.ts'

const LINE_PX = 68

export function StockList({ model }: { model: StockModel }) {
  const { device } = useWorkspace()
  const { ids, total } = model.hits.value
  const unloaded = { from: ids.length, onVisible: () => model.showAll() }
  if (isHandheld.value) {
    return (
      <VirtualList
        label={t('nav.stock')}
        count={total}
        rowPx={LINE_PX}
        keyOf={(index) => ids[index] ?? index}
        line={(index) => <Line id={ids[index]} />}
        unloaded={unloaded}
      />
    )
  }
  return (
    <div class="stock-table">
      <DataTable
        caption={t('nav.stock')}
        columns={columnsFor(device)}
        rows={ids}
        count={total}
        unloaded={unloaded}
        keyOf={(id) => id}
        hrefOf={(id) => `/items/${id}`}
        height="100%"
      />
    </div>
  )
}

function Line({ id }: { id: string | undefined }) {
  const { device } = useWorkspace()
  const item = id === undefined ? undefined : device.queries.item(id)
  if (id === undefined || !item) return null
  const total = device.queries.totalOf(id)
  const isLow = item.low !== null && total < item.low
  const category = item.categoryId === null ? undefined : device.queries.category(item.categoryId)?.name
  return (
    <RowLine
      href={`/items/${id}`}
      title={item.name}
      note={[item.sku, category].filter(Boolean).join(' · ')}
      trail={
        <span class="stock-figure">
          <b class={total < 0 ? 'num bad-ink' : 'num'}>{formatQuantity(total, { decimals: item.decimals })}</b>
          {isLow ? (
            <span class={total <= 0 ? 'bad-ink small' : 'warn-ink small'}>
              {t('stock.low', { low: formatQuantity(item.low ?? 0, { decimals: item.decimals }) })}
            </span>
          ) : (
            <span class="small soft">{item.unit}</span>
          )}
        </span>
      }
    />
  )
}

function columnsFor(device: Device): Column<string>[] {
  const item = (id: string) => device.queries.item(id)
  return [
    { key: 'name', header: t('field.name'), cell: (id) => <b>{item(id)?.name}</b>, width: '34%' },
    { key: 'sku', header: t('field.sku'), cell: (id) => <span class="soft">{item(id)?.sku}</span> },
    {
      key: 'category',
      header: t('field.category'),
      cell: (id) => <span class="soft">{device.queries.path('categories', item(id)?.categoryId ?? null).at(-1)}</span>,
    },
    {
      key: 'level',
      header: t('stock.level'),
      width: '150px',
      cell: (id) => {
        const { low, target } = item(id) ?? {}
        if (low === null || low === undefined) return null
        return <LevelBar value={device.queries.totalOf(id)} low={low} target={target ?? undefined} />
      },
    },
    { key: 'onHand', header: t('stock.onHand'), figures: true, width: '130px', cell: (id) => <OnHand id={id} /> },
    {
      key: 'low',
      header: t('field.low'),
      figures: true,
      width: '120px',
      cell: (id) => {
        const row = item(id)
        return row === undefined || row.low === null ? '' : formatQuantity(row.low, { decimals: row.decimals })
      },
    },
  ]
}

function OnHand({ id }: { id: string }) {
  const { device } = useWorkspace()
  const item = device.queries.item(id)
  if (!item) return null
  const total = device.queries.totalOf(id)
  return (
    <>
      <b class={total < 0 ? 'num bad-ink' : 'num'}>{formatQuantity(total, { decimals: item.decimals })}</b>{' '}
      <span class="soft small">{item.unit}</span>
    </>
  )
}
