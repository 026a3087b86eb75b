// A Book over memory alone, decided at once: what the others are held against.
import { WorkingSet } from '#shared/working-set/working-set.ts'
import { applyMutation, prepare } from '#shared/mutations/apply.ts'
import type { Kind, Row, WireTables } from '#shared/rows/rows.ts'
import { encodeTable, KINDS } from '#shared/rows/rows.ts'
import { nextStamp } from '#shared/values/stamp.ts'
import { MemoryRowSource } from './memory-row-source.ts'

export class MemoryBook {
  readonly shelf = new MemoryRowSource()
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
    const outcome = applyMutation(new WorkingSet(this.shelf), prepared, by)
    if (outcome.status === 'refused') return { id, status: outcome.status, code: outcome.refusal.code }
    this.shelf.take({ id, name, userId: this.#userId }, outcome.effects)
    return { id, status: outcome.status, code: outcome.status === 'merged' ? outcome.note.code : undefined }
  }

  /** Gives what has none this version, as a commit does, and says all rows as they travel. */
  tables(version: number): WireTables {
    this.shelf.number(version)
    const tables: WireTables = {}
    for (const kind of KINDS) tables[kind] = encodeTable(kind, this.#rowsOf(kind))
    return tables
  }

  #rowsOf<K extends Kind>(kind: K): Row<K>[] {
    return [...this.shelf.rows].flatMap(([name, row]) => (name.startsWith(`${kind} `) ? [row as Row<K>] : []))
  }
}
