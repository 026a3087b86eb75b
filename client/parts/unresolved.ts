// Scans that became nothing yet, and the ways out: attach the code to an item, make an item of it, record what the scan
// wanted, or say why it means nothing.
import { canonicalCode } from '#shared/values/gtin.ts'
import { uuidv7 } from '#shared/values/id.ts'
import type { Refusal } from '#shared/values/refusals.ts'
import type { ScanRecord } from '../device/database.ts'
import type { Device } from '../device/device.ts'
import type { Movement } from './movement.ts'
import { recordMovement, refusalOf, shortageOf } from './movement.ts'
import { readScan } from './read-scan.ts'

/** All scans that wait for the item of a code, oldest first. */
export function waitingFor(device: Device, code: string): ScanRecord[] {
  const wanted = canonicalCode(code)
  const isOf = (scan: ScanRecord) => {
    if (canonicalCode(scan.code) === wanted) return true
    const read = readScan(device.view, scan, new Date())
    if (read.kind === 'unknown') return canonicalCode(read.code) === wanted
    const owner = device.view.find(code)
    return read.kind === 'item' && owner.kind === 'item' && owner.item.id === read.item.id
  }
  return device.scans.unresolved.value.filter(isOf).toReversed()
}

/** What a waiting scan would record, now that its code is known; undefined where a person must do it again. */
export function movementOf(device: Device, scan: ScanRecord): Movement | undefined {
  const { mode, locationId } = scan
  if ((mode !== 'receive' && mode !== 'withdraw') || locationId === null) return undefined
  const read = readScan(device.view, scan, new Date())
  if (read.kind !== 'item' || (read.item.tracksLots && !read.lot)) return undefined
  const { item, quantity, lot, expiresOn } = read
  return { kind: mode, itemId: item.id, locationId, quantity, lot, expiresOn }
}

export interface WaitingOutcome {
  recorded: number
  /** They stay: more than there is, or refused. */
  left: number
}

/** Records what these scans wanted, one after the other. Scans that only asked are answered. */
export async function recordWaiting(device: Device, scans: readonly ScanRecord[]): Promise<WaitingOutcome> {
  const outcome: WaitingOutcome = { recorded: 0, left: 0 }
  for (const scan of scans) {
    const movement = movementOf(device, scan)
    if (scan.mode === 'look') {
      await device.scans.answer(scan.id)
      continue
    }
    if (!movement || shortageOf(device, movement) || refusalOf(device, movement)) {
      outcome.left++
      continue
    }
    const { saved } = await recordMovement(device, movement, scan.id)
    if (saved) outcome.recorded++
    else outcome.left++
  }
  return outcome
}

export async function attachCode(
  device: Device,
  { itemId, code, packQuantity }: { itemId: string; code: string; packQuantity: number },
): Promise<Refusal | undefined> {
  const pack = packQuantity === 1000 ? {} : { packQuantity: packQuantity / 1000 }
  const recorded = await device.record('barcode.attach', { itemId, code, ...pack })
  return recorded.saved ? undefined : recorded.refusal
}

export async function createItem(
  device: Device,
  { fields, code }: { fields: Record<string, unknown>; code: string | undefined },
): Promise<{ id: string } | { refusal: Refusal }> {
  const id = uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
  const barcodes = code === undefined ? {} : { barcodes: [{ code }] }
  const recorded = await device.record('item.create', { id, ...fields, ...barcodes })
  return recorded.saved ? { id } : { refusal: recorded.refusal }
}
