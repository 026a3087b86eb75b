// The typed entry points refuse wrong calls at compile time. `npm run check types` fails if one of these errors goes away.
import type { Device } from '../../client/device/device.ts'
import { type Mutations } from '#shared/mutations/verbs.ts'

export async function wrongCalls(device: Device, received: Mutations['stock.receive']): Promise<void> {
  await device.record('stock.receive', received)
  // @ts-expect-error an unknown verb
  await device.record('stock.recieve', received)
  // @ts-expect-error a field that the verb does not have
  await device.record('stock.receive', { ...received, amount: 3 })
  // @ts-expect-error the arguments of another verb
  await device.record('stock.count', received)
  // @ts-expect-error a quantity as text
  await device.record('stock.receive', { ...received, quantity: '3' })
  const result = await device.record('stock.receive', received)
  // @ts-expect-error a receipt is never refused for lack of stock
  if (!result.saved && result.refusal.code === 'insufficient_stock') return
}
