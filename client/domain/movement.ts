// Records movements. The scan screen, the item page and the tray share it.
import { toUnits } from '#shared/values/quantity.ts'
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
  /** The source, for a move. */
  locationId: string
  quantity: number
  lot?: string | undefined
  expiresOn?: string | undefined
  toLocationId?: string | undefined
  reason?: string | undefined
  /** When the stock of a move left its location, or when a count began, Unix ms. */
  begunAtMs?: number | undefined
}

export interface Shortage {
  /** Thousandths. */
  available: number
  requested: number
}

/**
 * The shortage if the recorded stock is less than the quantity. The person decides, because the stock may exist anyway.
 */
export function shortageOf(device: Device, movement: Movement): Shortage | undefined {
  if (movement.kind !== 'withdraw' && movement.kind !== 'move') return undefined
  const position = device.queries.position(movement.itemId, movement.locationId, movement.lot)
  if (position.uncertain || position.quantity >= movement.quantity) return undefined
  return { available: position.quantity, requested: movement.quantity }
}

/** Why a movement can never be recorded; checked before the person is asked about a shortage. */
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
  const lotArgs = lot ? { lot } : {}
  const reasonArgs = reason ? { reason } : {}
  const units = toUnits(quantity)
  const begun = begunAtMs === undefined ? undefined : stampOf(begunAtMs)
  switch (kind) {
    case 'receive':
      return {
        name: 'stock.receive',
        args: {
          itemId,
          locationId,
          quantity: units,
          ...lotArgs,
          ...(lot && expiresOn && { expiresOn }),
          ...reasonArgs,
        },
      }
    case 'withdraw':
      return { name: 'stock.withdraw', args: { itemId, locationId, quantity: units, ...lotArgs, ...reasonArgs } }
    case 'count':
      return {
        name: 'stock.count',
        args: { itemId, locationId, counted: units, ...lotArgs, ...(begun && { since: begun }) },
      }
    case 'move': {
      const locations = { fromLocationId: locationId, toLocationId: toLocationId ?? '' }
      return {
        name: 'stock.transfer',
        args: { itemId, ...locations, quantity: units, ...lotArgs, ...(begun && { takenAt: begun }) },
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
