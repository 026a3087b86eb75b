// Chooses an item by a scan, or by a search over name, SKU and barcode.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { printedCode } from '#shared/values/gtin.ts'
import { formatQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { Field } from '../ui/controls/field.tsx'
import { Row, RowList } from '../ui/lists/row-list.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { IgnoredScan } from './ignored-scan.tsx'
import { useScans } from '../context/use-scans.ts'
import './pickers.css'

type Props = {
  readonly title: string
  readonly onPick: (item: Item) => void
  readonly onClose: () => void
}

/** People find more results by typing than by scrolling. */
const SHOWN_MAX = 30

export function ItemPicker({ title, onPick, onClose }: Props) {
  const { device, feedback } = useWorkspace()
  const [query, setQuery] = useState('')
  const [ignored, setIgnored] = useState<string | undefined>(undefined)
  useScans(true, (record) => {
    const found = device.queries.find(record.code)
    if (found.kind !== 'item') {
      feedback.play('attention')
      setIgnored(found.kind === 'location' ? found.location.name : printedCode(record.code))
      return false
    }
    void device.scans.resolve(record.id)
    onPick(found.item)
    return true
  })
  const { ids, total } = device.queries.search(query, { limit: SHOWN_MAX })
  return (
    <Sheet open title={title} onClose={onClose}>
      {ignored && <IgnoredScan>{t('search.notAnItem', { what: ignored })}</IgnoredScan>}
      <Field
        kind="search"
        label={t('search.items')}
        hideLabel
        placeholder={t('search.items')}
        value={query}
        onInput={setQuery}
        autoFocus
      />
      <div class="picker-list">
        <RowList label={title}>
          {ids.map((id) => {
            const item = device.queries.item(id)
            if (!item) return null
            const { decimals, unit } = item
            return (
              <Row
                key={id}
                title={item.name}
                note={item.sku ?? undefined}
                trail={<span class="num">{formatQuantity(device.queries.totalOf(id), { decimals, unit })}</span>}
                onPress={() => onPick(item)}
              />
            )
          })}
        </RowList>
      </div>
      {total === 0 && <p class="soft">{t('search.nothing', { query: query.trim() })}</p>}
      {total > SHOWN_MAX && <p class="soft small">{t('search.refine', { count: total })}</p>}
    </Sheet>
  )
}
