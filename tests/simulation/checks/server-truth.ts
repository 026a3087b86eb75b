// The rows of one organisation, read as the owner of the database, past every policy, cache and class of the product.
import type postgres from 'postgres'
import type { ModelLine } from './reference-model.ts'

export interface StoredConflict {
  id: string
  kind: 'refusal' | 'review'
  code: string
  userId: string
  state: string
  resolution: string | null
  version: number
}

/** One row of any kind, as JSON, with the key that devices use. */
export interface TruthRow {
  kind: string
  key: string
  version: number
  deleted: boolean
  row: Record<string, unknown>
}

/** The kinds of rows on devices, with their tables and keys. */
const KINDS: Record<string, { table: string; key: string; deleted?: string }> = {
  items: { table: 'items', key: 'id::text' },
  barcodes: { table: 'barcodes', key: 'code', deleted: 'deleted' },
  categories: { table: 'categories', key: 'id::text' },
  locations: { table: 'locations', key: 'id::text' },
  lots: { table: 'lots', key: `item_id || '/' || lot` },
  positions: { table: 'positions', key: `item_id || '/' || location_id || '/' || lot` },
  levels: { table: 'levels', key: `item_id || '/' || location_id`, deleted: 'deleted' },
  counts: { table: 'counts', key: 'id::text' },
  countLines: { table: 'count_lines', key: 'id::text' },
  alerts: { table: 'alerts', key: 'id::text' },
  conflicts: { table: 'conflicts', key: 'id::text' },
  members: { table: 'users', key: 'id::text' },
  settings: { table: 'settings', key: 'id' },
}

export class ServerTruth {
  head = { version: 0, epoch: 1 }
  lines: ModelLine[] = []
  /** The version in which each mutation took effect, if its lines contain it. */
  readonly versionOf = new Map<string, number>()
  mutations = new Set<string>()
  conflicts: StoredConflict[] = []
  rows: TruthRow[] = []
  readonly #sql: postgres.Sql
  readonly #orgId: string
  #worked = -1

  constructor(sql: postgres.Sql, orgId: string) {
    this.#sql = sql
    this.#orgId = orgId
  }

  /** The rows that were read are no longer valid. */
  invalidate(): void {
    this.#worked = -1
  }

  /** Reads everything again, unless no server has written since. `worked` grows with every write. */
  async refresh(worked: number): Promise<void> {
    if (this.#worked === worked) return
    this.#worked = worked
    const sql = this.#sql
    const org = this.#orgId
    const [[head], lines, audited, mutations, rows] = await Promise.all([
      sql<{ version: number; epoch: number }[]>`select version, epoch from org_heads where org_id = ${org}`,
      sql<ModelLine[]>`
        select no, version, mutation_id as mutation, kind, item_id || '/' || location_id || '/' || lot as position,
          amount, at, voids from inventory_logs where org_id = ${org} order by no`,
      sql<{ mutation: string; version: number }[]>`
        select mutation_id as mutation, version from audit_log where org_id = ${org} and mutation_id is not null`,
      sql<{ id: string }[]>`select id from mutations where org_id = ${org}`,
      sql.unsafe<TruthRow[]>(ALL_ROWS, [org]),
    ])
    this.head = head!
    this.lines = [...lines]
    this.mutations = new Set(mutations.map(({ id }) => id))
    this.rows = [...rows]
    this.conflicts = rows.filter(({ kind }) => kind === 'conflicts').map(toConflict)
    this.versionOf.clear()
    for (const { mutation, version } of [...audited, ...lines]) this.versionOf.set(mutation, version)
  }
}

const ALL_ROWS = Object.entries(KINDS)
  .map(
    ([kind, { table, key, deleted = 'false' }]) =>
      `select '${kind}' as kind, ${key} as key, version, ${deleted} as deleted, to_jsonb(t) as row from ${table} t where org_id = $1`,
  )
  .join(' union all ')

function toConflict({ key, version, row }: TruthRow): StoredConflict {
  const { kind, code, user_id, state, resolution } = row as Record<string, string>
  return {
    id: key,
    kind: kind as StoredConflict['kind'],
    code: code!,
    userId: user_id!,
    state: state!,
    resolution: resolution ?? null,
    version,
  }
}
