// What must come out, said as simply as possible and with nothing of the product's own code: sort the entries, walk over
// them once. It is slow, and it is obviously right; the product is fast, and has to agree.

/** A line of the ledger, as the database has it. */
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

/** What lies on each position when all lines up to a version are told. */
export function standingsAt(lines: readonly ModelLine[], version: number): Map<string, ModelState> {
  const told = lines.filter((line) => line.version <= version)
  const voided = new Set(told.filter(({ kind }) => kind === 'void').map((line) => `${line.voids} ${line.position}`))
  const entries = new Map<string, ModelEntry[]>()
  for (const { kind, mutation, position, at, amount } of told) {
    const list = entries.get(position) ?? []
    entries.set(position, list)
    if (kind === 'void' || voided.has(`${mutation} ${position}`)) continue
    list.push({ id: mutation, at, counts: kind === 'count', amount })
  }
  return new Map([...entries].map(([position, list]) => [position, walk(list)]))
}

/** A count says what is there; a delta adds to it; in the order of their time, and then of their ids. */
export function walk(entries: readonly ModelEntry[]): ModelState {
  const inOrder = entries.toSorted((a, b) => compare(a.at, b.at) || compare(a.id, b.id))
  let standing: ModelState = { quantity: 0, countedAt: null }
  for (const { counts, amount, at } of inOrder) {
    if (counts) standing = { quantity: amount, countedAt: at }
    else standing = { ...standing, quantity: standing.quantity + amount }
  }
  return standing
}

/** What a movement posts: which lines, on which positions, of how many thousandths. Undefined for other verbs. */
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
      // As a line of a planned count it waits; what an approval posts is checked as its own.
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
