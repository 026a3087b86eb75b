// A gallery of the components for development: `npx vite`, then /ui/gallery/gallery.html?page=scan (parts, states, pad,
// dialog, list, desk, table). Not in the production build.
import { render, type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import {
  ArrowDownToLine,
  ArrowLeftRight,
  ArrowUpFromLine,
  ListOrdered,
  MapPin,
  PackageOpen,
  Plus,
  Search,
  Settings,
  Trash2,
  WifiOff,
} from 'lucide-preact'
import { formatQuantity } from '../../strings/figures.ts'
import { startLanguage, t } from '../../strings/strings.ts'
import { AppFrame, PageHead } from '../layout/app-frame.tsx'
import { Banner } from '../layout/banner.tsx'
import { Button } from '../controls/button.tsx'
import { Card, FigureCard } from '../layout/card.tsx'
import { DataTable, type Sort } from '../lists/data-table.tsx'
import { EmptyState } from '../layout/empty-state.tsx'
import { ChoiceField, Field, SwitchField } from '../controls/field.tsx'
import { Icon } from '../controls/icon.tsx'
import { columns, items, ROWS_MANY, type GalleryItem } from './gallery-items.tsx'
import { bar, side, sideEnd } from './gallery-nav.ts'
import { IconButton } from '../controls/icon-button.tsx'
import { LevelBar } from '../feedback/level-bar.tsx'
import { NumberPad } from '../controls/number-pad.tsx'
import { Progress } from '../feedback/progress.tsx'
import { Row, RowLine, RowList } from '../lists/row-list.tsx'
import { Segments } from '../controls/segments.tsx'
import { Sheet } from '../layout/sheet.tsx'
import { Skeleton } from '../feedback/skeleton.tsx'
import { Stepper } from '../controls/stepper.tsx'
import { Tag } from '../feedback/tag.tsx'
import { showToast } from '../feedback/toast.tsx'
import { VirtualList } from '../lists/virtual-list.tsx'
import '../styles/tokens.css'
import '../styles/base.css'

const offline = (
  <Banner tone="warn" icon={WifiOff} note="as of 10:42" onPress={() => undefined}>
    Offline · 3 waiting
  </Banner>
)

function ScanPage() {
  const [mode, setMode] = useState<'look' | 'receive' | 'withdraw' | 'move' | 'count'>('withdraw')
  const [quantity, setQuantity] = useState(3000)
  const modes = [
    { value: 'look', label: 'Look up', icon: Search },
    { value: 'receive', label: 'Receive', icon: ArrowDownToLine },
    { value: 'withdraw', label: 'Withdraw', icon: ArrowUpFromLine },
    { value: 'move', label: 'Move', icon: ArrowLeftRight },
    { value: 'count', label: 'Count', icon: ListOrdered },
  ] as const
  const header = (
    <div class="stack">
      <div class="row">
        <Icon of={MapPin} />
        <div class="grow">
          <div class="num clip">Bin A-07</div>
          <div class="small soft clip">Back room · Aisle A</div>
        </div>
        <Button kind="quiet">Change</Button>
      </div>
      <Segments label="What scanning does" value={mode} options={modes} onChange={setMode} />
    </div>
  )
  return (
    <AppFrame bar={bar} side={side} sideEnd={sideEnd} banner={offline} header={header} title="Scan">
      <Card tone="good" live>
        <div>
          <h2>Café de Colombie, moulu 250 g</h2>
          <div class="small soft">SKU CAF-0189 · 3 483981 000189</div>
        </div>
        <LevelBar value={9000} low={10_000} target={24_000} words />
        <Stepper label="Quantity" value={quantity} onChange={setQuantity} />
      </Card>
      <Card flush>
        <RowList label="Last scans">
          <Row
            lead="10:44"
            title="Café de Colombie"
            trail={
              <>
                <b class="num">{formatQuantity(-3000)}</b>
                <Tag tone="warn">saved</Tag>
              </>
            }
          />
          <Row
            lead="10:41"
            title="Sour Worm"
            trail={
              <>
                <b class="num">−2</b>
                <Tag tone="good">synced</Tag>
              </>
            }
          />
          <Row lead="10:40" title="4006381333931" href="#x" trail={<Tag tone="bad">unknown</Tag>} />
        </RowList>
      </Card>
    </AppFrame>
  )
}

function PartsPage() {
  const [text, setText] = useState('Café')
  const [on, setOn] = useState(true)
  return (
    <Framed title="Parts">
      <Card title="Buttons" badge={<Tag tone="info">5</Tag>} action={<a href="#all">All</a>}>
        <Button kind="primary" icon={Plus} wide>
          Receive 24
        </Button>
        <div class="cluster">
          <Button>Secondary</Button>
          <Button kind="quiet">Quiet</Button>
          <Button kind="danger" icon={Trash2}>
            Discard
          </Button>
          <Button busy>Saving</Button>
          <Button disabled>Disabled</Button>
          <Button pressed>Pressed</Button>
          <IconButton icon={Settings} label="Settings" onPress={() => undefined} />
        </div>
      </Card>
      <Card title="Fields">
        <Field kind="search" label="Search" hideLabel placeholder="Name, SKU or barcode" value="" onInput={setText} />
        <Field label="Name" value={text} onInput={setText} hint="As it stands on the shelf" />
        <Field
          label="Cost"
          kind="number"
          unit="€"
          value="12,5x"
          onInput={setText}
          error="Write a number, such as 12.50"
        />
        <Field label="Password" kind="password" value="secret" onInput={setText} />
        <ChoiceField
          label="Reason"
          value="broken"
          options={[
            { value: 'broken', label: 'Broken' },
            { value: 'lost', label: 'Lost' },
          ]}
          onChange={() => undefined}
        />
        <SwitchField label="Sound" hint="Success and error differ" on={on} onChange={setOn} />
      </Card>
      <StateParts />
    </Framed>
  )
}

function StateParts() {
  const [filter, setFilter] = useState<'all' | 'low' | 'out'>('all')
  return (
    <Card title="States">
      <div class="cluster">
        <Tag tone="good">synced</Tag>
        <Tag tone="warn">saved</Tag>
        <Tag tone="bad">refused</Tag>
        <Tag tone="info">Buy 17</Tag>
        <Tag tone="plain">archived</Tag>
      </div>
      <Segments
        compact
        label="Filter"
        value={filter}
        options={[
          { value: 'all', label: 'All' },
          { value: 'low', label: 'Low' },
          { value: 'out', label: 'Out' },
        ]}
        onChange={setFilter}
      />
      <LevelBar value={18_000} low={10_000} target={24_000} words />
      <LevelBar value={7000} low={10_000} target={24_000} words />
      <LevelBar value={-2000} low={6000} target={18_000} words />
      <LevelBar value={5000} words />
      <Progress label="Reading the catalogue" done={41_200} total={100_000} />
      <Progress label="Looking for devices" done={3} />
      <Skeleton />
    </Card>
  )
}

function Framed({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <AppFrame
      bar={bar}
      side={side}
      sideEnd={sideEnd}
      banner={
        <Banner tone="quiet" note="14 devices">
          Online
        </Banner>
      }
    >
      <PageHead
        title={title}
        badge={<Tag tone="good">live</Tag>}
        actions={<Button kind="primary">Plan a count</Button>}
      />
      {children}
    </AppFrame>
  )
}

function StatesPage() {
  return (
    <Framed title="Counts">
      <Card>
        <EmptyState
          icon={PackageOpen}
          title="No counts yet"
          action={
            <Button kind="primary" icon={Plus}>
              Count this shelf
            </Button>
          }
        >
          A count says what is on a shelf and when. Scan a shelf’s barcode, then everything on it.
        </EmptyState>
      </Card>
      <Card flush title="Loading">
        <Skeleton shape="rows" count={3} />
      </Card>
    </Framed>
  )
}

function ListPage() {
  return (
    <AppFrame
      bar={bar}
      side={side}
      fill
      title="Stock"
      header={
        <Field
          kind="search"
          label="Search"
          hideLabel
          placeholder="Name, SKU or barcode"
          value=""
          onInput={() => undefined}
        />
      }
    >
      <VirtualList
        label="Items"
        count={ROWS_MANY}
        line={(index) => (
          <RowLine
            href={`#${index}`}
            title={`Item ${index} with quite a long name to cut`}
            note={`SKU-${index}`}
            trail={<b class="num">{index % 97}</b>}
          />
        )}
      />
    </AppFrame>
  )
}

function TablePage({ long }: { readonly long: boolean }) {
  const [sort, setSort] = useState<Sort>({ key: 'here', direction: 'descending' })
  const table = {
    caption: 'Items',
    columns,
    keyOf: (item: GalleryItem) => item.sku,
    hrefOf: (item: GalleryItem) => `#${item.sku}`,
    sort,
    onSort: setSort,
  }
  return (
    <Framed title={long ? 'Items' : 'Tuesday morning'}>
      {!long && (
        <div
          class="gallery-figures"
          style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(150px, 1fr))', gap: '12px' }}
        >
          <FigureCard label="Stock value" value="€ 184,320" note="▴ 1.8 % this week" />
          <FigureCard label="Items in stock" value="4,612" note="of 4,870" />
          <FigureCard label="Below level" value="37" tone="warn" note="9 out of stock" href="#low" />
          <FigureCard label="Movements today" value="1,284" note="812 out · 472 in" />
        </div>
      )}
      <Card
        flush
        title={long ? undefined : 'Below level'}
        badge={<Tag tone="warn">37</Tag>}
        action={<Button kind="quiet">Replenish all</Button>}
      >
        {long ? (
          <DataTable {...table} rows={items} height="calc(100dvh - 160px)" />
        ) : (
          <DataTable {...table} rows={items.slice(0, 5)} />
        )}
      </Card>
    </Framed>
  )
}

function PadPage({ dialog }: { readonly dialog: boolean }) {
  return (
    <>
      <ScanPage />
      {dialog ? (
        <Sheet
          open
          strict
          title="Discard 3 scans?"
          onClose={() => undefined}
          actions={
            <>
              <Button>Keep</Button>
              <Button kind="danger">Discard</Button>
            </>
          }
        >
          <p>They were not sent. Say why, so that the count can be explained.</p>
          <Field label="Reason" value="" onInput={() => undefined} />
        </Sheet>
      ) : (
        <NumberPad
          open
          title="Quantity"
          value={3000}
          decimals={3}
          unit="kg"
          onDone={() => undefined}
          onClose={() => undefined}
        />
      )}
    </>
  )
}

function Page() {
  switch (new URLSearchParams(location.search).get('page')) {
    case 'parts':
      return <PartsPage />
    case 'states':
      return <StatesPage />
    case 'pad':
      return <PadPage dialog={false} />
    case 'dialog':
      return <PadPage dialog />
    case 'list':
      return <ListPage />
    case 'desk':
      return <TablePage long={false} />
    case 'table':
      return <TablePage long />
    case null:
    default:
      return <ScanPage />
  }
}

await startLanguage()
const root = document.getElementById('app')
if (root) render(<Page />, root)
if (location.search.includes('toast'))
  showToast({
    text: 'Withdrew 3 Café de Colombie',
    tone: 'good',
    action: { label: t('ui.undo'), onPress: () => undefined },
    durationMs: 60_000,
  })
