// Chooses a location by a scan of its barcode, or from the tree.
import { useState } from 'preact/hooks'
import { MapPin } from 'lucide-preact'
import type { Location } from '#shared/rows/rows.ts'
import { printedCode } from '#shared/values/gtin.ts'
import { t } from '../strings/strings.ts'
import { EmptyState } from '../ui/layout/empty-state.tsx'
import { Field } from '../ui/controls/field.tsx'
import { Row, RowList } from '../ui/lists/row-list.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { IgnoredScan } from './ignored-scan.tsx'
import { useScans } from '../context/use-scans.ts'
import './pickers.css'

type Props = {
  readonly title: string
  readonly onPick: (location: Location) => void
  readonly onClose: () => void
  readonly current?: string | null | undefined
}

/** People find more results by typing than by scrolling. */
const SHOWN_MAX = 200
/** With fewer locations the whole tree is visible, and a search field would only take space. */
const SEARCH_FROM = 8

export function LocationPicker({ title, onPick, onClose, current }: Props) {
  const { device, feedback } = useWorkspace()
  const [query, setQuery] = useState('')
  const [ignored, setIgnored] = useState<string | undefined>(undefined)
  useScans(true, (record) => {
    const found = device.queries.find(record.code)
    if (found.kind !== 'location') {
      feedback.play('attention')
      setIgnored(found.kind === 'item' ? found.item.name : printedCode(record.code))
      return false
    }
    void device.scans.resolve(record.id)
    feedback.play('success')
    onPick(found.location)
    return true
  })
  const all = device.queries.tree('locations').filter((location) => !location.archived)
  const pattern = query.trim().toLocaleLowerCase()
  const matches = pattern ? all.filter(({ name }) => name.toLocaleLowerCase().includes(pattern)) : all
  return (
    <Sheet open title={title} onClose={onClose}>
      {ignored && <IgnoredScan>{t('location.notALocation', { what: ignored })}</IgnoredScan>}
      {all.length === 0 ? (
        <EmptyState icon={MapPin} title={t('location.none')}>
          {t('location.noneHint')}
        </EmptyState>
      ) : (
        <>
          <p class="soft small">{t('location.scanOrPick')}</p>
          {all.length >= SEARCH_FROM && (
            <Field
              kind="search"
              label={t('location.search')}
              hideLabel
              placeholder={t('location.search')}
              value={query}
              onInput={setQuery}
            />
          )}
          <div class="picker-list">
            <RowList label={title}>
              {matches.slice(0, SHOWN_MAX).map((location) => (
                <Row
                  key={location.id}
                  title={
                    <span class="picker-branch" style={{ '--depth': pattern ? 0 : location.depth }}>
                      {location.name}
                    </span>
                  }
                  note={pattern ? device.queries.path('locations', location.parentId).join(' · ') : undefined}
                  trail={location.id === current ? <span class="soft small">{t('location.here')}</span> : undefined}
                  onPress={() => onPick(location)}
                />
              ))}
            </RowList>
          </div>
          {matches.length === 0 && <p class="soft">{t('location.noMatch', { query: query.trim() })}</p>}
          {matches.length > SHOWN_MAX && <p class="soft small">{t('search.refine', { count: matches.length })}</p>}
        </>
      )}
    </Sheet>
  )
}
