// Which rows and columns a viewer may see. The rule exists twice: in SQL for pulls, and in memory for live messages.
// Keeps I2.
import type { Kind, Role, WireTables } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'

export interface Viewer {
  orgId: string
  userId: string
  role: Role
}

/** A condition on rows of a kind; `$2` is the viewer's id. */
export function visibleCondition(kind: Kind, { role }: Viewer): string {
  return kind === 'conflicts' && role !== 'manager' ? 'user_id = $2' : '$2::uuid is not null'
}

/** Columns that only managers see. Other viewers get null. */
export function hiddenColumns(kind: Kind, { role }: Viewer): readonly string[] {
  return kind === 'members' && role !== 'manager' ? ['email'] : []
}

/** The rows of a live message that a viewer may see. */
export function visibleTables(tables: WireTables, viewer: Viewer): WireTables {
  if (viewer.role === 'manager') return tables
  const visible: WireTables = { ...tables }
  for (const kind of KINDS) {
    const table = tables[kind]
    if (!table) continue
    const hidden = hiddenColumns(kind, viewer).map((column) => table.columns.indexOf(column))
    if (hidden.length > 0) {
      visible[kind] = {
        ...table,
        rows: table.rows.map((row) => row.map((value, i) => (hidden.includes(i) ? null : value))),
      }
    }
    if (kind === 'conflicts') {
      const author = table.columns.indexOf('userId')
      visible[kind] = { ...table, rows: table.rows.filter((row) => row[author] === viewer.userId) }
    }
  }
  return visible
}
