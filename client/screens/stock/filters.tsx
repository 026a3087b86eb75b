// Filters by category, location and level: behind a button on the handheld, always visible on the desktop.
import { useSignal } from '@preact/signals'
import { SlidersHorizontal } from 'lucide-preact'
import { useWorkspace } from '../../context/workspace.ts'
import { isHandheld } from '../../context/form-factor.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { ChoiceField } from '../../ui/controls/field.tsx'
import { Segments } from '../../ui/controls/segments.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import type { Only, StockModel } from './stock-model.ts'

export function Filters({ model }: { model: StockModel }) {
  const open = useSignal(false)
  if (!isHandheld.value) return <Fields model={model} hideLabel />
  return (
    <>
      <div class="stock-narrow">
        <OnlySegments model={model} />
        <Button
          icon={SlidersHorizontal}
          pressed={model.categoryId.value !== '' || model.locationId.value !== ''}
          onPress={() => (open.value = true)}
        >
          {t('stock.filtersShort')}
        </Button>
      </div>
      <Sheet
        open={open.value}
        title={t('stock.filters')}
        onClose={() => (open.value = false)}
        actions={
          <>
            <Button onPress={() => model.clear()}>{t('stock.clearFilters')}</Button>
            <Button kind="primary" onPress={() => (open.value = false)}>
              {t('stock.items', { count: model.hits.value.total })}
            </Button>
          </>
        }
      >
        <Fields model={model} />
      </Sheet>
    </>
  )
}

function Fields({ model, hideLabel = false }: { model: StockModel; hideLabel?: boolean }) {
  return (
    <>
      <TreeField kind="categories" model={model} hideLabel={hideLabel} />
      <TreeField kind="locations" model={model} hideLabel={hideLabel} />
      {hideLabel && <OnlySegments model={model} />}
    </>
  )
}

type TreeProps = { kind: 'categories' | 'locations'; model: StockModel; hideLabel: boolean }

function TreeField({ kind, model, hideLabel }: TreeProps) {
  const { device } = useWorkspace()
  const selected = kind === 'categories' ? model.categoryId : model.locationId
  const label = t(kind === 'categories' ? 'field.category' : 'stock.location')
  const rows = device.queries
    .tree(kind)
    .filter(({ archived, id }) => !archived || id === selected.value)
    .map(({ id }) => ({ value: id, label: device.queries.path(kind, id).join(' › ') }))
  const all = { value: '', label: t(kind === 'categories' ? 'stock.allCategories' : 'stock.allLocations') }
  return (
    <ChoiceField
      label={label}
      hideLabel={hideLabel}
      value={selected.value}
      options={[all, ...rows]}
      onChange={(id) => (selected.value = id)}
    />
  )
}

function OnlySegments({ model }: { model: StockModel }) {
  const options = (['all', 'in', 'low'] as const).map((value) => ({ value, label: t(`stock.only.${value}`) }))
  return (
    <Segments<Only>
      compact
      label={t('stock.which')}
      value={model.only.value}
      options={options}
      onChange={(only) => (model.only.value = only)}
    />
  )
}
