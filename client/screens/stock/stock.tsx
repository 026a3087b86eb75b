// The stock list with its search.
import { useLocation } from 'preact-iso'
import { PackageOpen, Plus, SearchX } from 'lucide-preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { NewItemSheet } from '../../components/new-item-sheet.tsx'
import { Screen } from '../../components/screen.tsx'
import { isHandheld } from '../../context/form-factor.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import { Field } from '../../ui/controls/field.tsx'
import { IconButton } from '../../ui/controls/icon-button.tsx'
import { Skeleton } from '../../ui/feedback/skeleton.tsx'
import { Filters } from './filters.tsx'
import { StockList } from './stock-list.tsx'
import { createStockModel } from './stock-model.ts'
import './stock.css'

export function Stock() {
  const workspace = useWorkspace()
  const { totals } = workspace
  const { query, route } = useLocation()
  const model = workspace.models.of(createStockModel)
  useMemo(() => model.open(query), [query])
  const [isCreating, setIsCreating] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if ('find' in query) search.current?.focus()
  }, [query])
  const needsTotals = model.only.value !== 'all'
  useEffect(() => (needsTotals ? totals.watch() : undefined), [needsTotals, totals])
  const isCounting = needsTotals && totals.current.value === undefined
  const { total } = model.hits.value
  const header = (
    <div class="stock-head">
      <div class="stock-title">
        {!isHandheld.value && <h1>{t('nav.stock')}</h1>}
        <p class="soft" role="status">
          {isCounting ? t('stock.counting') : t('stock.items', { count: total })}
        </p>
        {mayDo(workspace, 'manager') && !isHandheld.value && (
          <Button icon={Plus} onPress={() => setIsCreating(true)}>
            {t('stock.newItem')}
          </Button>
        )}
      </div>
      <div class="stock-tools">
        <div class="stock-search">
          <Field
            ref={search}
            kind="search"
            label={t('search.items')}
            hideLabel
            placeholder={t('search.items')}
            value={model.query.value}
            onInput={(value) => (model.query.value = value)}
          />
          {mayDo(workspace, 'manager') && isHandheld.value && (
            <IconButton filled icon={Plus} label={t('stock.newItem')} onPress={() => setIsCreating(true)} />
          )}
        </div>
        <Filters model={model} />
      </div>
    </div>
  )
  return (
    <Screen title={t('nav.stock')} fill header={header} ownHeading={!isHandheld.value}>
      {isCounting ? <Skeleton shape="rows" count={8} /> : total > 0 ? <StockList model={model} /> : <NoResults />}
      {isCreating && (
        <NewItemSheet
          onClose={() => setIsCreating(false)}
          onDone={({ id }) => {
            setIsCreating(false)
            route(`/items/${id}`)
          }}
        />
      )}
    </Screen>
  )
}

function NoResults() {
  const workspace = useWorkspace()
  const { device, status } = workspace
  const model = workspace.models.of(createStockModel)
  if (!device.syncPoint.value.complete && device.queries.isEmpty) {
    return status.value.link === 'online' ? (
      <Skeleton shape="rows" count={8} />
    ) : (
      <EmptyState icon={PackageOpen} title={t('stock.notLoaded')}>
        {t('stock.notLoadedHint')}
      </EmptyState>
    )
  }
  if (device.queries.isEmpty) {
    return (
      <EmptyState icon={PackageOpen} title={t('stock.noneYet')}>
        {t('stock.noneYetHint')}
      </EmptyState>
    )
  }
  const query = model.query.value.trim()
  return (
    <EmptyState
      icon={SearchX}
      title={query ? t('search.nothing', { query }) : t('stock.noneFiltered')}
      action={<Button onPress={() => model.clear()}>{t('stock.clearFilters')}</Button>}
    >
      {model.isFiltered ? t('stock.filtersOn') : t('stock.searchHint')}
    </EmptyState>
  )
}
