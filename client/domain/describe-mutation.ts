// What a mutation is, in words: for the log, the tray and the file that a person keeps.
import { printedCode } from '#shared/values/gtin.ts'
import type { Device } from '../device/device.ts'
import { formatQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { itemName, locationName } from './names.ts'

export interface MutationDescription {
  /** What it is about: an item's name. */
  title: string
  /** What was done, and where. */
  note: string
  /** "+3", "−2", "= 40". */
  amount?: string
}

interface Mutation {
  name: string
  args: unknown
}

export function describeMutation(device: Device, { name, args }: Mutation): MutationDescription {
  // Names come from outside, too: none is looked for in what every object has.
  return Object.hasOwn(WORDS, name) ? WORDS[name]!(device, new Reader(args)) : { title: name, note: '' }
}

/** How much a movement moves, as a person writes it; undefined where it moves nothing. */
export function amountOf({ name, args }: Mutation): string | undefined {
  const read = new Reader(args)
  if (name === 'stock.receive') return formatQuantity(read.thousandths('quantity'), { signed: true })
  if (name === 'stock.withdraw') return formatQuantity(-read.thousandths('quantity'), { signed: true })
  if (name === 'stock.transfer') return formatQuantity(read.thousandths('quantity'))
  if (name === 'stock.count') return `= ${formatQuantity(read.thousandths('counted'))}`
  return undefined
}

type Say = (device: Device, read: Reader) => MutationDescription

/** Arguments come from the outbox or the server: what is missing is read as nothing. */
class Reader {
  readonly #args: Record<string, unknown>

  constructor(args: unknown) {
    this.#args = typeof args === 'object' && args !== null ? (args as Record<string, unknown>) : {}
  }

  text(key: string): string {
    const value = this.#args[key]
    return typeof value === 'string' ? value : ''
  }

  thousandths(key: string): number {
    const value = this.#args[key]
    return typeof value === 'number' ? Math.round(value * 1000) : 0
  }

  fields(key: string): string[] {
    const value = this.#args[key]
    return typeof value === 'object' && value !== null ? Object.keys(value) : []
  }

  get all(): Record<string, unknown> {
    return this.#args
  }
}

const movement =
  (name: string, key: 'words.received' | 'words.withdrawn' | 'words.counted'): Say =>
  (device, read) => ({
    title: itemName(device, read.text('itemId')),
    note: [t(key, { place: locationName(device, read.text('locationId')) }), lotWords(read)]
      .filter(Boolean)
      .join(' · '),
    amount: amountOf({ name, args: read.all })!,
  })

const aboutItem =
  (key: 'words.archived' | 'words.restored'): Say =>
  (device, read) => ({ title: itemName(device, read.text('id')), note: t(key) })

const aboutCode =
  (key: 'words.attached' | 'words.detached'): Say =>
  (device, read) => ({
    title: itemName(device, read.text('itemId')),
    note: t(key, { code: printedCode(read.text('code')) }),
  })

const named =
  (key: 'words.newCategory' | 'words.newLocation' | 'words.newItem'): Say =>
  (_, read) => ({ title: read.text('name'), note: t(key) })

const WORDS: Readonly<Record<string, Say>> = {
  'stock.receive': movement('stock.receive', 'words.received'),
  'stock.withdraw': movement('stock.withdraw', 'words.withdrawn'),
  'stock.count': movement('stock.count', 'words.counted'),
  'stock.transfer': (device, read) => ({
    title: itemName(device, read.text('itemId')),
    note: t('words.moved', {
      from: locationName(device, read.text('fromLocationId')),
      to: locationName(device, read.text('toLocationId')),
    }),
    amount: amountOf({ name: 'stock.transfer', args: read.all })!,
  }),
  'stock.undo': (device, read) => {
    const undone = device.history.value.find(({ envelope }) => envelope.id === read.text('mutationId'))
    if (!undone) return { title: t('words.undo'), note: '' }
    const { title, note, amount } = describeMutation(device, undone.envelope)
    return { title, note: t('words.undone', { what: [note, amount].filter(Boolean).join(' · ') }) }
  },
  'item.create': named('words.newItem'),
  'item.update': (device, read) => ({
    title: itemName(device, read.text('id')),
    note: t('words.changed', { fields: read.fields('set').map(fieldName).join(', ') }),
  }),
  'item.archive': aboutItem('words.archived'),
  'item.restore': aboutItem('words.restored'),
  'barcode.attach': aboutCode('words.attached'),
  'barcode.detach': aboutCode('words.detached'),
  'category.create': named('words.newCategory'),
  'location.create': named('words.newLocation'),
  'conflict.resolve': (device, read) => {
    const conflict = device.queries.conflict(read.text('id'))
    const settled = conflict && (JSON.parse(conflict.mutation) as Mutation)
    // Refused resolutions may name each other, or themselves.
    const isAbout = settled !== undefined && settled.name !== 'conflict.resolve'
    return { title: isAbout ? describeMutation(device, settled).title : t('words.settled'), note: t('words.settled') }
  },
}

function lotWords(read: Reader): string {
  const lot = read.text('lot')
  return lot && t('words.lot', { lot })
}

const FIELD_NAMES = {
  name: 'field.name',
  sku: 'field.sku',
  categoryId: 'field.category',
  unit: 'field.unit',
  decimals: 'field.decimals',
  cost: 'field.cost',
  low: 'field.low',
  high: 'field.high',
  target: 'field.target',
  tracksLots: 'field.tracksLots',
  notes: 'field.notes',
} as const

export function fieldName(field: string): string {
  return Object.hasOwn(FIELD_NAMES, field) ? t(FIELD_NAMES[field as keyof typeof FIELD_NAMES]) : field
}
