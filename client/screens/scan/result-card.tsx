// The card of the last scan, with a large quantity.
import { printedCode } from '#shared/values/gtin.ts'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { recordScans, scansOfCode } from '../../domain/unresolved-scans.ts'
import { stepOf } from '../../domain/movement.ts'
import { locationName } from '../../domain/names.ts'
import { UnknownCode } from '../../components/deferred-sheets.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { LevelBar } from '../../ui/feedback/level-bar.tsx'
import { Stepper } from '../../ui/controls/stepper.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import type { ScanResult } from './model/scan-result.ts'
import { sumOf } from './model/scan-result.ts'
import { RemoteCard } from './remote-card.tsx'
import type { ScanModel } from './model/scan-model.ts'

export function ResultCard({ model, result }: { model: ScanModel; result: ScanResult }) {
  const { device } = useWorkspace()
  switch (result.kind) {
    case 'location':
      return <LocationCard model={model} locationId={result.locationId} />
    case 'unknown':
      return (
        <Card tone="bad">
          <UnknownCode
            code={result.code}
            unreadable={result.unreadable}
            onKnown={async (code) => {
              model.result.value = undefined
              return model.queue.add(() => recordScans(device, scansOfCode(device, code)))
            }}
          />
        </Card>
      )
    case 'remote':
      return <RemoteCard found={result.found} />
    case 'run':
    case 'count':
    case 'hand':
    case 'look': {
      const item = device.queries.item(result.itemId)
      return item ? <ItemCard model={model} result={result} item={item} /> : null
    }
  }
}

type ItemResult = Extract<ScanResult, { itemId: string }>

function ItemCard({ model, result, item }: { model: ScanModel; result: ItemResult; item: Item }) {
  const { low, target, decimals } = item
  const { is, uncertain } = quantitiesOf(useWorkspace().device, model, { result, item })
  const total = useWorkspace().device.queries.totalOf(item.id)
  return (
    <Card tone="good">
      <div>
        <h2>
          <a class="plain-link" href={`/items/${item.id}`}>
            {item.name}
          </a>
        </h2>
        <div class="small soft">
          <CodeLine item={item} lot={'lot' in result ? result.lot : ''} />
        </div>
      </div>
      <QuantityChange model={model} result={result} item={item} />
      {is < 0 && !uncertain && <p class="bad-ink strong">{t('item.belowZero')}</p>}
      <LevelBar
        value={result.kind === 'look' ? total : Math.max(is, 0)}
        low={low ?? undefined}
        target={target ?? undefined}
        decimals={decimals}
        words
      />
      {result.kind !== 'look' && <QuantityEditor model={model} result={result} item={item} />}
    </Card>
  )
}

function CodeLine({ item, lot }: { item: Item; lot: string }) {
  const { device } = useWorkspace()
  const [barcode] = device.queries.barcodesOf(item.id)
  const parts = [
    item.sku && t('item.sku', { sku: item.sku }),
    barcode && printedCode(barcode.code),
    lot && t('words.lot', { lot }),
  ].filter(Boolean)
  return <>{parts.join(' · ')}</>
}

/** The quantity before and now at the location, or in total without a location. Thousandths. */
function quantitiesOf(
  device: ReturnType<typeof useWorkspace>['device'],
  model: ScanModel,
  { result, item }: { result: ItemResult; item: Item },
): { was: number | undefined; is: number; uncertain: boolean } {
  if (result.locationId === null) return { was: undefined, is: device.queries.totalOf(item.id), uncertain: false }
  const lot = 'lot' in result ? result.lot : ''
  const stock =
    result.kind === 'look' && item.tracksLots
      ? allLotsAt(device, item.id, result.locationId)
      : device.queries.position(item.id, result.locationId, lot)
  const { quantity, uncertain } = stock
  const line = model.lines.of({ itemId: item.id, lot })
  if (result.kind === 'count') return { was: result.was, is: line?.quantity ?? quantity, uncertain: !line && uncertain }
  if (result.kind === 'hand') return { was: quantity, is: quantity - (line?.quantity ?? 0), uncertain }
  return { was: result.kind === 'run' ? result.was : undefined, is: quantity, uncertain }
}

function allLotsAt(device: ReturnType<typeof useWorkspace>['device'], itemId: string, locationId: string) {
  const positions = device.queries.positionsOf(itemId).filter((position) => position.locationId === locationId)
  return {
    quantity: positions.reduce((sum, { quantity }) => sum + quantity, 0),
    uncertain: positions.some(({ uncertain }) => uncertain),
  }
}

function QuantityChange({ model, result, item }: { model: ScanModel; result: ItemResult; item: Item }) {
  const { device } = useWorkspace()
  const { was, is, uncertain } = quantitiesOf(device, model, { result, item })
  const { decimals, unit } = item
  const format = (value: number) => formatQuantity(value, { decimals })
  const total = device.queries.totalOf(item.id)
  const hasChanged = was !== undefined && was !== is
  return (
    <div class="flow">
      <p class="flow-here num" role="status">
        {hasChanged && (
          <>
            <span class="flow-was">{format(was)}</span>
            <span class="flow-arrow" aria-hidden="true">
              →
            </span>
          </>
        )}
        <span class={is < 0 ? 'flow-is bad' : 'flow-is'}>{uncertain ? t('item.afterSync') : format(is)}</span>
        <span class="flow-unit">
          {result.locationId === null ? t('scan.unitInAll', { unit }) : t('scan.unitHere', { unit })}
        </span>
      </p>
      {result.locationId !== null && (
        <p class="flow-all">
          <span class="num">{format(total)}</span>
          <span class="small soft">{t('scan.allLocations')}</span>
        </p>
      )}
    </div>
  )
}

function QuantityEditor({
  model,
  result,
  item,
}: {
  model: ScanModel
  result: Exclude<ItemResult, { kind: 'look' }>
  item: Item
}) {
  const { decimals, unit } = item
  const line = model.lines.of({ itemId: item.id, lot: result.lot })
  const value = result.kind === 'run' ? sumOf(result.steps) : (line?.quantity ?? 0)
  if (result.kind === 'run' && value === 0) return <Tag tone="plain">{t('scan.undone')}</Tag>
  if (result.kind === 'count' && !line) return <CountAgain model={model} item={item} />
  return (
    <>
      <Stepper
        label={t(`scan.quantity.${result.kind === 'run' ? result.mode : result.kind}`)}
        value={value}
        step={decimals === 0 ? 1000 : stepOf(item) * 10}
        min={0}
        decimals={decimals}
        unit={unit}
        onChange={(quantity) => void model.setQuantity(quantity)}
      />
      {result.kind === 'count' && (
        <Button kind="primary" wide onPress={() => void model.finishCount()}>
          {t('scan.countDone', { quantity: formatQuantity(value, { decimals }), unit })}
        </Button>
      )}
    </>
  )
}

/** A count that is recorded. It is continued from its quantity, by another scan or by hand. */
function CountAgain({ model, item }: { model: ScanModel; item: Item }) {
  const { device } = useWorkspace()
  const correct = () => {
    const result = model.result.value
    if (result?.kind !== 'count') return
    void model.setQuantity(device.queries.position(item.id, result.locationId, result.lot).quantity)
  }
  return (
    <div class="row">
      <Tag tone="good">{t('scan.counted')}</Tag>
      <span class="end">
        <Button kind="quiet" onPress={correct}>
          {t('scan.countCorrect')}
        </Button>
      </span>
    </div>
  )
}

function LocationCard({ model, locationId }: { model: ScanModel; locationId: string }) {
  const { device } = useWorkspace()
  const items = new Set(device.queries.positionsAt(locationId).map(({ itemId }) => itemId)).size
  return (
    <Card tone="good">
      <h2>{locationName(device, locationId)}</h2>
      <p class="soft">
        {t('scan.itemsHere', { count: items })}
        {model.setting.mode !== 'look' && ` ${t(`scan.ready.${model.setting.mode}`)}`}
      </p>
      <a href={`/stock?location=${locationId}`}>{t('scan.showLocation')}</a>
    </Card>
  )
}
