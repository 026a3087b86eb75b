// The expected results, computed as simply as possible and without code of the product: sort the entries and walk over
// them once. The model is slow and obviously correct. The product is fast and must agree with it.

/** A line of the ledger, as stored in the database. */
export interface ModelLine {
  no: number
  version: number
  mutation: string
  kind: 'receive' | 'withdraw' | 'transfer_out' | 'transfer_in' | 'count' | 'void'
  /** item/location/lot */
  position: string
  amount: number
  at: string
  voids: string | null
}

export interface ModelEntry {
  id: string
  at: string
  counts: boolean
  amount: number
}

export interface ModelState {
  quantity: number
  countedAt: string | null
}

/** The state of each position after all lines up to a version. */
export function positionsAt(lines: readonly ModelLine[], version: number): Map<string, ModelState> {
  const known = lines.filter((line) => line.version <= version)
  const voided = new Set(known.filter(({ kind }) => kind === 'void').map((line) => `${line.voids} ${line.position}`))
  const entries = new Map<string, ModelEntry[]>()
  for (const { kind, mutation, position, at, amount } of known) {
    const list = entries.get(position) ?? []
    entries.set(position, list)
    if (kind === 'void' || voided.has(`${mutation} ${position}`)) continue
    list.push({ id: mutation, at, counts: kind === 'count', amount })
  }
  return new Map([...entries].map(([position, list]) => [position, walk(list)]))
}

/** A count sets the quantity and a delta adds to it, in the order of their time and then of their ids. */
export function walk(entries: readonly ModelEntry[]): ModelState {
  const inOrder = entries.toSorted((a, b) => compare(a.at, b.at) || compare(a.id, b.id))
  let state: ModelState = { quantity: 0, countedAt: null }
  for (const { counts, amount, at } of inOrder) {
    if (counts) state = { quantity: amount, countedAt: at }
    else state = { ...state, quantity: state.quantity + amount }
  }
  return state
}

/** The lines that a movement posts: kinds, positions and amounts in thousandths. Undefined for other verbs. */
export function postedBy(
  verb: string,
  args: Record<string, unknown>,
): Pick<ModelLine, 'kind' | 'position' | 'amount'>[] | undefined {
  const { itemId, locationId, fromLocationId, toLocationId, lot = '' } = args as Record<string, string>
  const { quantity, counted } = args as Record<string, number>
  const at = (location: string | undefined) => `${itemId}/${location}/${lot}`
  const amount = Math.round((quantity ?? counted ?? 0) * 1000)
  switch (verb) {
    case 'stock.receive':
      return [{ kind: 'receive', position: at(locationId), amount }]
    case 'stock.withdraw':
      return [{ kind: 'withdraw', position: at(locationId), amount: -amount }]
    case 'stock.count':
      // A line of a planned count has no effect by now. The counts of an approval are checked separately.
      if (args['countId'] !== undefined) return []
      return [{ kind: 'count', position: at(locationId), amount }]
    case 'stock.transfer':
      return [
        { kind: 'transfer_out', position: at(fromLocationId), amount: -amount },
        { kind: 'transfer_in', position: at(toLocationId), amount },
      ]
    default:
      return undefined
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
