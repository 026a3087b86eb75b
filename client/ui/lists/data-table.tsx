// A table for the desktop: aligned figures, a sticky head, rows that are links as a whole, and arrow keys between rows.
// A long one renders only visible rows, and screen readers still get row numbers and the total count.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-preact'
import { classes } from '../styles/classes.ts'
import { Icon } from '../controls/icon.tsx'
import { type UnloadedRows, useVirtual } from './use-virtual.ts'
import './data-table.css'

export type Column<Row> = {
  readonly key: string
  readonly header: string
  readonly cell: (row: Row, index: number) => ComponentChildren
  /** Aligns figures at the end. */
  readonly figures?: boolean | undefined
  /** CSS: "120px", "20%". Without it the column takes the remaining width. */
  readonly width?: string | undefined
  readonly sortable?: boolean | undefined
}

export type Sort = { readonly key: string; readonly direction: 'ascending' | 'descending' }

type Props<Row> = {
  /** Names the table for screen readers; not visible. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** The content of the first column becomes the link, and the whole row leads there. */
  readonly hrefOf?: ((row: Row) => string) | undefined
  readonly onPress?: ((row: Row) => void) | undefined
  readonly sort?: Sort | undefined
  readonly onSort?: ((sort: Sort) => void) | undefined
  /** Shown if there are no rows. */
  readonly empty?: ComponentChildren
  /** CSS height of a table that scrolls and renders only visible rows. Without it all rows are rendered. */
  readonly height?: string | undefined
  readonly rowPx?: number | undefined
  /** For a table with a height: the number of rows if not all of them are loaded. */
  readonly count?: number | undefined
  readonly unloaded?: UnloadedRows | undefined
}

const ROW_PX = 56
const HEAD_PX = 40

export function DataTable<Row>(props: Props<Row>) {
  if (props.rows.length === 0 && props.empty) return <>{props.empty}</>
  return props.height === undefined ? <WholeTable {...props} /> : <LongTable {...props} height={props.height} />
}

function WholeTable<Row>(props: Props<Row>) {
  return (
    <div class="table-frame">
      <table class="table" onKeyDown={(event) => moveByKey(event, () => undefined)}>
        <Head {...props} />
        <tbody>
          {props.rows.map((row, index) => (
            <Line key={props.keyOf(row)} table={props} row={row} index={index} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function LongTable<Row>(props: Props<Row> & { readonly height: string }) {
  const { rows, rowPx = ROW_PX, count = props.rows.length, unloaded } = props
  const scroller = useRef<HTMLDivElement>(null)
  const { items, totalPx, scrollTo } = useVirtual({ count, rowPx, scroller, headPx: HEAD_PX, unloaded })
  const pendingFocus = useRef<number | undefined>(undefined)
  useEffect(() => {
    if (pendingFocus.current !== undefined && focusRow(scroller.current, pendingFocus.current))
      pendingFocus.current = undefined
  })
  const before = items[0]?.start ?? 0
  const after = totalPx - (items.at(-1)?.end ?? 0)
  return (
    <div
      ref={scroller}
      class="table-frame long"
      style={{ height: props.height }}
      tabIndex={0}
      role="group"
      aria-label={props.caption}
    >
      <table
        class="table"
        aria-rowcount={count + 1}
        onKeyDown={(event) =>
          moveByKey(event, (index) => {
            pendingFocus.current = Math.max(0, Math.min(count - 1, index))
            scrollTo(pendingFocus.current)
            if (focusRow(scroller.current, pendingFocus.current)) pendingFocus.current = undefined
          })
        }
      >
        <Head {...props} />
        <tbody>
          {before > 0 && <Space px={before} span={props.columns.length} />}
          {items.map((item) => {
            const row = rows[item.index]
            return row === undefined ? null : (
              <Line key={props.keyOf(row)} table={props} row={row} index={item.index} px={rowPx} />
            )
          })}
          {after > 0 && <Space px={after} span={props.columns.length} />}
        </tbody>
      </table>
    </div>
  )
}

function Head<Row>({ caption, columns, sort, onSort }: Props<Row>) {
  return (
    <>
      <caption class="only-read">{caption}</caption>
      <colgroup>
        {columns.map((column) => (
          <col key={column.key} style={column.width ? { width: column.width } : undefined} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => {
            const direction = sort?.key === column.key ? sort.direction : undefined
            const next = direction === 'ascending' ? 'descending' : 'ascending'
            return (
              <th key={column.key} scope="col" class={classes(column.figures && 'figures')} aria-sort={direction}>
                {column.sortable && onSort ? (
                  <button type="button" onClick={() => onSort({ key: column.key, direction: next })}>
                    {column.header}
                    <Icon of={direction ? SORT_ICON[direction] : ChevronsUpDown} />
                  </button>
                ) : (
                  column.header
                )}
              </th>
            )
          })}
        </tr>
      </thead>
    </>
  )
}

type LineProps<Row> = {
  readonly table: Props<Row>
  readonly row: Row
  readonly index: number
  readonly px?: number | undefined
}

function Line<Row>({ table, row, index, px }: LineProps<Row>) {
  const { columns, hrefOf, onPress } = table
  return (
    <tr
      class={classes((hrefOf || onPress) && 'linked')}
      aria-rowindex={index + 2}
      data-index={index}
      style={px === undefined ? undefined : { height: `${px}px` }}
    >
      {columns.map((column, columnIndex) => {
        const content = column.cell(row, index)
        const lead =
          columnIndex === 0 && hrefOf ? (
            <a class="table-lead" href={hrefOf(row)}>
              {content}
            </a>
          ) : null
        const pressTarget =
          columnIndex === 0 && onPress && !hrefOf ? (
            <button type="button" class="table-lead" onClick={() => onPress(row)}>
              {content}
            </button>
          ) : null
        return (
          <td key={column.key} class={classes(column.figures && 'figures')}>
            {lead ?? pressTarget ?? content}
          </td>
        )
      })}
    </tr>
  )
}

function Space({ px, span }: { readonly px: number; readonly span: number }) {
  return (
    <tr class="table-space" aria-hidden="true">
      <td colSpan={span} style={{ height: `${px}px` }} />
    </tr>
  )
}

const SORT_ICON = { ascending: ArrowUp, descending: ArrowDown } as const
const STEP: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }

function moveByKey(event: KeyboardEvent & { currentTarget: HTMLElement }, scrollToRow: (index: number) => void): void {
  const step = STEP[event.key]
  const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-index]')
  if (step === undefined || !row) return
  const index = Number(row.dataset['index']) + step
  event.preventDefault()
  if (!focusRow(event.currentTarget, index)) scrollToRow(index)
}

function focusRow(container: HTMLElement | null, index: number): boolean {
  const lead = container?.querySelector<HTMLElement>(`tr[data-index="${index}"] .table-lead`)
  lead?.focus()
  return lead !== null && lead !== undefined
}
