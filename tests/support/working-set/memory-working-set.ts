// A working set over memory that decides each mutation at once. The other working sets are compared with it.
import { WorkingSet } from '#shared/working-set/working-set.ts'
import { applyMutation, prepare } from '#shared/mutations/apply.ts'
import type { Kind, Row, WireTables } from '#shared/rows/rows.ts'
import { encodeTable, KINDS } from '#shared/rows/rows.ts'
import { nextStamp } from '#shared/values/stamp.ts'
import { MemoryRowSource } from './memory-row-source.ts'

export class MemoryWorkingSet {
  readonly source = new MemoryRowSource()
  readonly #userId: string
  readonly #device: string
  #at: string | undefined

  constructor(userId: string, device = '00000001') {
    this.#userId = userId
    this.#device = device
  }

  do(name: string, args: unknown, id: string) {
    const prepared = prepare({ name, args })
    if ('code' in prepared) return { id, status: 'refused' as const, code: prepared.code }
    const at = (this.#at = nextStamp(this.#at, Date.now(), this.#device))
    const by = { id, at, madeAt: at, userId: this.#userId, role: 'manager' as const, strict: false }
    const outcome = applyMutation(new WorkingSet(this.source), prepared, by)
    if (outcome.status === 'refused') return { id, status: outcome.status, code: outcome.refusal.code }
    this.source.apply({ id, name, userId: this.#userId }, outcome.effects)
    return { id, status: outcome.status, code: outcome.status === 'merged' ? outcome.note.code : undefined }
  }

  /** Gives this version to every row without one, as a commit does, and returns all rows as they are sent. */
  tables(version: number): WireTables {
    this.source.number(version)
    const tables: WireTables = {}
    for (const kind of KINDS) tables[kind] = encodeTable(kind, this.#rowsOf(kind))
    return tables
  }

  #rowsOf<K extends Kind>(kind: K): Row<K>[] {
    return [...this.source.rows].flatMap(([name, row]) => (name.startsWith(`${kind} `) ? [row as Row<K>] : []))
  }
}
