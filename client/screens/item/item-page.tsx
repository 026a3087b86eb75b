// The page of an item: quantity, locations, history, and the actions of a person.
import { useRoute } from 'preact-iso'
import { useSignal } from '@preact/signals'
import { Archive, ArrowDownToLine, ArrowLeftRight, ArrowUpFromLine, ListOrdered, PackageX, Pencil } from 'lucide-preact'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import type { MovementKind } from '../../domain/movement.ts'
import { isHandheld } from '../../context/form-factor.ts'
import { Screen } from '../../components/screen.tsx'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import { LevelBar } from '../../ui/feedback/level-bar.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'
import { ArchiveSheet } from './archive-sheet.tsx'
import { Barcodes } from './barcodes.tsx'
import { EditSheet } from './edit-sheet.tsx'
import { History } from './history.tsx'
import type { MovementTask } from './movement-draft.ts'
import { MovementSheet } from './movement-sheet.tsx'
import { Positions } from './positions.tsx'
import './item.css'

export function ItemPage() {
  const { params } = useRoute()
  const { device } = useWorkspace()
  const item = device.queries.item(params['id'] ?? '')
  if (!item) {
    return (
      <Screen title={t('item.unknown')}>
        <EmptyState
          icon={PackageX}
          title={t('item.unknown')}
          action={<Button href="/stock">{t('item.toStock')}</Button>}
        >
          {t('item.unknownHint')}
        </EmptyState>
      </Screen>
    )
  }
  return <KnownItem key={item.id} item={item} />
}

type OpenSheet = { kind: MovementKind; at?: MovementTask['at'] } | 'edit' | 'archive'

function KnownItem({ item }: { item: Item }) {
  const workspace = useWorkspace()
  const openSheet = useSignal<OpenSheet | undefined>(undefined)
  const close = () => (openSheet.value = undefined)
  const managerActions = mayDo(workspace, 'manager') && (
    <ManagerActions item={item} onPress={(what) => (openSheet.value = what)} />
  )
  const mayMove = mayDo(workspace, 'staff')
  const category = workspace.device.queries.path('categories', item.categoryId).join(' · ')
  return (
    <Screen
      title={item.name}
      head
      badge={item.archived && <Tag tone="plain">{t('item.archived')}</Tag>}
      actions={!isHandheld.value && managerActions}
    >
      <p class="soft item-line">
        {[item.sku && t('item.sku', { sku: item.sku }), category].filter(Boolean).join(' · ')}
      </p>
      <div class="item-grid">
        <div class="stack">
          <Summary item={item} onPress={mayMove ? (kind) => (openSheet.value = { kind }) : undefined} />
          <Positions item={item} onCount={mayMove ? (at) => (openSheet.value = { kind: 'count', at }) : undefined} />
        </div>
        <div class="stack">
          <History item={item} />
          <Barcodes item={item} />
          {item.notes && (
            <Card title={t('field.notes')}>
              <p class="item-notes">{item.notes}</p>
            </Card>
          )}
        </div>
      </div>
      {isHandheld.value && managerActions && <div class="item-manage">{managerActions}</div>}
      {openSheet.value === 'edit' && <EditSheet item={item} onClose={close} />}
      {openSheet.value === 'archive' && <ArchiveSheet item={item} onClose={close} />}
      {typeof openSheet.value === 'object' && <MovementSheet item={item} {...openSheet.value} onClose={close} />}
    </Screen>
  )
}

function ManagerActions({ item, onPress }: { item: Item; onPress: (what: 'edit' | 'archive') => void }) {
  return (
    <>
      <Button icon={Pencil} onPress={() => onPress('edit')}>
        {t('item.edit')}
      </Button>
      <Button icon={Archive} onPress={() => onPress('archive')}>
        {t(item.archived ? 'item.restore' : 'item.archive')}
      </Button>
    </>
  )
}

const ACTIONS = [
  { kind: 'receive', icon: ArrowDownToLine },
  { kind: 'withdraw', icon: ArrowUpFromLine },
  { kind: 'move', icon: ArrowLeftRight },
  { kind: 'count', icon: ListOrdered },
] as const

function Summary({ item, onPress }: { item: Item; onPress: ((kind: MovementKind) => void) | undefined }) {
  const { device } = useWorkspace()
  const { decimals, unit, low, target } = item
  const positions = device.queries.positionsOf(item.id)
  const total = positions.reduce((sum, { quantity }) => sum + quantity, 0)
  const isUncertain = positions.some(({ uncertain }) => uncertain)
  const isPending = positions.some(({ pending }) => pending)
  return (
    <Card>
      <div class="item-total">
        <p class="num">
          <span class={total < 0 ? 'item-number bad' : 'item-number'}>
            {isUncertain ? t('item.afterSync') : formatQuantity(total, { decimals })}
          </span>{' '}
          <span class="soft">{unit}</span>
        </p>
        {isPending && !isUncertain && <Tag tone="warn">{t('item.pending')}</Tag>}
      </div>
      {isUncertain && <p class="soft">{t('item.afterSyncHint')}</p>}
      <LevelBar value={total} low={low ?? undefined} target={target ?? undefined} decimals={decimals} words />
      {onPress && (
        <div class="item-actions">
          {ACTIONS.map(({ kind, icon }) => (
            <Button key={kind} icon={icon} onPress={() => onPress(kind)}>
              {t(`mode.${kind}`)}
            </Button>
          ))}
        </div>
      )}
    </Card>
  )
}
