// The desk's table: figures aligned, a head that stays, a row that leads somewhere as a whole, arrow keys from row to
// row. A long one draws only what is in sight, and stays a table to those who listen (row numbers and the true count).
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-preact'
import { classes } from '../styles/classes.ts'
import { Icon } from '../controls/icon.tsx'
import { type Missing, useVirtual } from './use-virtual.ts'
import './data-table.css'

export type Column<Row> = {
  readonly key: string
  readonly header: string
  readonly cell: (row: Row, index: number) => ComponentChildren
  /** Figures stand at the end. */
  readonly figures?: boolean | undefined
  /** CSS: "120px", "20%". Without one it takes what is left. */
  readonly width?: string | undefined
  readonly sortable?: boolean | undefined
}

export type Sort = { readonly key: string; readonly direction: 'ascending' | 'descending' }

type Props<Row> = {
  /** What the table is of; read out, not shown. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** The first column's content becomes the link, and the whole row leads there. */
  readonly hrefOf?: ((row: Row) => string) | undefined
  readonly onPress?: ((row: Row) => void) | undefined
  readonly sort?: Sort | undefined
  readonly onSort?: ((sort: Sort) => void) | undefined
  /** Instead of rows where there are none. */
  readonly empty?: ComponentChildren
  /** CSS height of a table that scrolls by itself and draws only what is in sight; without it all rows are drawn. */
  readonly height?: string | undefined
  readonly rowPx?: number | undefined
  /** Of a table with a height: how many rows there are, where not all of them are here yet. */
  readonly count?: number | undefined
  readonly missing?: Missing | undefined
}

const ROW_PX = 56
const HEAD_PX = 40

export function DataTable<Row>(props: Props<Row>) {
  if (props.rows.length === 0 && props.empty) return <>{props.empty}</>
  return props.height === undefined ? <WholeTable {...props} /> : <LongTable {...props} height={props.height} />
}

function WholeTable<Row>(props: Props<Row>) {
  return (
    <div class="table-place">
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
  const { rows, rowPx = ROW_PX, count = props.rows.length, missing } = props
  const scroller = useRef<HTMLDivElement>(null)
  const { items, totalPx, scrollTo } = useVirtual({ count, rowPx, scroller, headPx: HEAD_PX, missing })
  const wanted = useRef<number | undefined>(undefined)
  useEffect(() => {
    if (wanted.current !== undefined && focusRow(scroller.current, wanted.current)) wanted.current = undefined
  })
  const before = items[0]?.start ?? 0
  const after = totalPx - (items.at(-1)?.end ?? 0)
  return (
    <div
      ref={scroller}
      class="table-place long"
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
            wanted.current = Math.max(0, Math.min(count - 1, index))
            scrollTo(wanted.current)
            if (focusRow(scroller.current, wanted.current)) wanted.current = undefined
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
      class={classes((hrefOf || onPress) && 'leads')}
      aria-rowindex={index + 2}
      data-index={index}
      style={px === undefined ? undefined : { height: `${px}px` }}
    >
      {columns.map((column, at) => {
        const content = column.cell(row, index)
        const lead =
          at === 0 && hrefOf ? (
            <a class="table-lead" href={hrefOf(row)}>
              {content}
            </a>
          ) : null
        const press =
          at === 0 && onPress && !hrefOf ? (
            <button type="button" class="table-lead" onClick={() => onPress(row)}>
              {content}
            </button>
          ) : null
        return (
          <td key={column.key} class={classes(column.figures && 'figures')}>
            {lead ?? press ?? content}
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

function moveByKey(event: KeyboardEvent & { currentTarget: HTMLElement }, reach: (index: number) => void): void {
  const step = STEP[event.key]
  const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-index]')
  if (step === undefined || !row) return
  const index = Number(row.dataset['index']) + step
  event.preventDefault()
  if (!focusRow(event.currentTarget, index)) reach(index)
}

function focusRow(inside: HTMLElement | null, index: number): boolean {
  const lead = inside?.querySelector<HTMLElement>(`tr[data-index="${index}"] .table-lead`)
  lead?.focus()
  return lead !== null && lead !== undefined
}
