// Describes a scan in words: its mode, location and time.
import type { ScanRecord } from '../device/records.ts'
import type { Device } from '../device/device.ts'
import { formatMoment } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { locationName } from './names.ts'

const MODE_WORDS = {
  look: 'mode.look',
  receive: 'mode.receive',
  withdraw: 'mode.withdraw',
  move: 'mode.move',
  count: 'mode.count',
} as const

export function describeScan(device: Device, { mode, locationId, at }: ScanRecord, nowMs: number): string {
  const what = mode in MODE_WORDS ? t(MODE_WORDS[mode as keyof typeof MODE_WORDS]) : mode
  const where = locationId === null ? undefined : locationName(device, locationId)
  return [what, where, formatMoment(at, nowMs)].filter(Boolean).join(' · ')
}
