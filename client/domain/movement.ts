// Recording a movement: what is asked first, what is recorded, and what came of it. Scan, item page and tray share it.
import type { Mutation } from '#shared/mutations/verbs.ts'
import type { Item } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import type { Device } from '../device/device.ts'
import type { RecordResult } from '../device/record-result.ts'

export type MovementKind = 'receive' | 'withdraw' | 'move' | 'count'

/** Quantities in thousandths. */
export interface Movement {
  kind: MovementKind
  itemId: string
  /** For a move, where it comes from. */
  locationId: string
  quantity: number
  lot?: string | undefined
  expiresOn?: string | undefined
  toLocationId?: string | undefined
  reason?: string | undefined
  /** When the stock of a move left its place, or when a count began, Unix ms. */
  begunAtMs?: number | undefined
}

export interface Shortage {
  /** Thousandths. */
  here: number
  wanted: number
}

/** What is there is less than what is taken: to be asked about, since it may still be so. */
export function shortageOf(device: Device, movement: Movement): Shortage | undefined {
  if (movement.kind !== 'withdraw' && movement.kind !== 'move') return undefined
  const position = device.queries.position(movement.itemId, movement.locationId, movement.lot)
  if (position.uncertain || position.quantity >= movement.quantity) return undefined
  return { here: position.quantity, wanted: movement.quantity }
}

/** Why it can never be recorded, before a person is asked about it. */
export function refusalOf(device: Device, movement: Movement): Refusal | undefined {
  const { name, args } = mutationOf(movement)
  const refusal = device.check(name, args)
  return refusal?.code === 'insufficient_stock' ? undefined : refusal
}

export function recordMovement(
  device: Device,
  movement: Movement,
  scanId?: string,
): Promise<RecordResult<MovementVerb>> {
  const { name, args } = mutationOf(movement)
  return device.record(name, args, scanId === undefined ? {} : { scanId })
}

type MovementMutation = Extract<Mutation, { name: `stock.${'receive' | 'withdraw' | 'transfer' | 'count'}` }>
type MovementVerb = MovementMutation['name']

export function mutationOf({ kind, quantity, ...rest }: Movement): MovementMutation {
  const { itemId, locationId, lot, expiresOn, toLocationId, reason, begunAtMs } = rest
  const batch = lot ? { lot } : {}
  const why = reason ? { reason } : {}
  const units = quantity / 1000
  const begun = begunAtMs === undefined ? undefined : stampOf(begunAtMs)
  switch (kind) {
    case 'receive':
      return {
        name: 'stock.receive',
        args: { itemId, locationId, quantity: units, ...batch, ...(lot && expiresOn && { expiresOn }), ...why },
      }
    case 'withdraw':
      return { name: 'stock.withdraw', args: { itemId, locationId, quantity: units, ...batch, ...why } }
    case 'count':
      return {
        name: 'stock.count',
        args: { itemId, locationId, counted: units, ...batch, ...(begun && { since: begun }) },
      }
    case 'move': {
      const locations = { fromLocationId: locationId, toLocationId: toLocationId ?? '' }
      return {
        name: 'stock.transfer',
        args: { itemId, ...locations, quantity: units, ...batch, ...(begun && { takenAt: begun }) },
      }
    }
  }
}

function stampOf(ms: number): string {
  return formatStamp({ ms, counter: 0, device: '00000000' })
}

/** The smallest step of an item's unit, in thousandths. */
export function stepOf({ decimals }: Pick<Item, 'decimals'>): number {
  return decimals === 0 ? 1000 : 10 ** (3 - decimals)
}
