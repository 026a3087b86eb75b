// Describes a mutation in words, for the log, the tray and the exported file.
import { recordedArgs, type RecordedArgs } from '#shared/mutations/args.ts'
import { toThousandths } from '#shared/values/quantity.ts'
import { printedCode } from '#shared/values/gtin.ts'
import type { Device } from '../device/device.ts'
import { formatQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { itemName, locationName } from './names.ts'

export interface MutationDescription {
  /** The subject: an item's name. */
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
  // `hasOwn`, because the name may come from the server and must not match a property that every object has.
  return Object.hasOwn(DESCRIPTIONS, name)
    ? DESCRIPTIONS[name]!(device, new ArgsReader(args))
    : { title: name, note: '' }
}

/** The quantity of a movement as a person writes it. Undefined if the mutation does not move stock. */
export function amountOf({ name, args }: Mutation): string | undefined {
  const read = new ArgsReader(args)
  if (name === 'stock.receive') return formatQuantity(read.thousandths('quantity'), { signed: true })
  if (name === 'stock.withdraw') return formatQuantity(-read.thousandths('quantity'), { signed: true })
  if (name === 'stock.transfer') return formatQuantity(read.thousandths('quantity'))
  if (name === 'stock.count') return `= ${formatQuantity(read.thousandths('counted'))}`
  return undefined
}

type Describe = (device: Device, read: ArgsReader) => MutationDescription

/** Reads arguments that come from the outbox or the server. Missing ones are read as empty. */
class ArgsReader {
  readonly #args: RecordedArgs

  constructor(args: unknown) {
    this.#args = recordedArgs(args)
  }

  text(key: string): string {
    const value = this.#args[key]
    return typeof value === 'string' ? value : ''
  }

  thousandths(key: string): number {
    const value = this.#args[key]
    return typeof value === 'number' ? toThousandths(value) : 0
  }

  fields(key: string): string[] {
    const value = this.#args[key]
    return typeof value === 'object' && value !== null ? Object.keys(value) : []
  }

  get all(): RecordedArgs {
    return this.#args
  }
}

const describeMovement =
  (name: string, key: 'words.received' | 'words.withdrawn' | 'words.counted'): Describe =>
  (device, read) => ({
    title: itemName(device, read.text('itemId')),
    note: [t(key, { location: locationName(device, read.text('locationId')) }), describeLot(read)]
      .filter(Boolean)
      .join(' · '),
    amount: amountOf({ name, args: read.all })!,
  })

const describeItem =
  (key: 'words.archived' | 'words.restored'): Describe =>
  (device, read) => ({ title: itemName(device, read.text('id')), note: t(key) })

const describeCode =
  (key: 'words.attached' | 'words.detached'): Describe =>
  (device, read) => ({
    title: itemName(device, read.text('itemId')),
    note: t(key, { code: printedCode(read.text('code')) }),
  })

const describeNew =
  (key: 'words.newCategory' | 'words.newLocation' | 'words.newItem'): Describe =>
  (_, read) => ({ title: read.text('name'), note: t(key) })

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  'stock.receive': describeMovement('stock.receive', 'words.received'),
  'stock.withdraw': describeMovement('stock.withdraw', 'words.withdrawn'),
  'stock.count': describeMovement('stock.count', 'words.counted'),
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
  'item.create': describeNew('words.newItem'),
  'item.update': (device, read) => ({
    title: itemName(device, read.text('id')),
    note: t('words.changed', { fields: read.fields('set').map(fieldName).join(', ') }),
  }),
  'item.archive': describeItem('words.archived'),
  'item.restore': describeItem('words.restored'),
  'barcode.attach': describeCode('words.attached'),
  'barcode.detach': describeCode('words.detached'),
  'category.create': describeNew('words.newCategory'),
  'location.create': describeNew('words.newLocation'),
  'conflict.resolve': (device, read) => {
    const conflict = device.queries.conflict(read.text('id'))
    const resolved = conflict && (JSON.parse(conflict.mutation) as Mutation)
    // Refused resolutions may refer to each other, or to themselves.
    const hasSubject = resolved !== undefined && resolved.name !== 'conflict.resolve'
    return {
      title: hasSubject ? describeMutation(device, resolved).title : t('words.settled'),
      note: t('words.settled'),
    }
  },
}

function describeLot(read: ArgsReader): string {
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
