// Sample items for the gallery, as many as the largest catalogue has.
import { formatQuantity } from '../../strings/figures.ts'
import type { Column } from '../lists/data-table.tsx'
import { LevelBar } from '../feedback/level-bar.tsx'
import { Tag } from '../feedback/tag.tsx'

export const ROWS_MANY = 100_000

export type GalleryItem = {
  readonly sku: string
  readonly name: string
  readonly location: string
  readonly here: number
}
export const items: readonly GalleryItem[] = Array.from({ length: ROWS_MANY }, (_, index) => ({
  sku: `CAF-${String(index).padStart(6, '0')}`,
  name: `Café de Colombie, moulu 250 g, no. ${index}`,
  location: `Bin A-${index % 90}`,
  here: ((index * 7919) % 30_000) - 1000,
}))
export const columns: readonly Column<GalleryItem>[] = [
  { key: 'name', header: 'Item', cell: (item) => <b>{item.name}</b>, sortable: true, width: '36%' },
  { key: 'sku', header: 'SKU', cell: (item) => item.sku },
  { key: 'location', header: 'Location', cell: (item) => item.location },
  {
    key: 'level',
    header: 'Level',
    cell: (item) => <LevelBar value={item.here} low={10_000} target={24_000} />,
    width: '160px',
  },
  {
    key: 'here',
    header: 'On hand',
    cell: (item) => <span class="num">{formatQuantity(item.here, { decimals: 3 })}</span>,
    figures: true,
    sortable: true,
  },
  { key: 'do', header: 'Suggestion', cell: (item) => (item.here < 10_000 ? <Tag tone="info">Buy 17</Tag> : null) },
]
