// The bugs that the simulation must catch, each a small mistake in the product. Run one with
// `npm run soak -- --bug 'its name'`.
import { DEVICE_BUGS } from './device-bugs.ts'
import { FEED_BUGS } from './feed-bugs.ts'
import { LEDGER_BUGS } from './ledger-bugs.ts'
import type { PlantedBug } from './plant.ts'
import { SYNC_BUGS } from './sync-bugs.ts'

export const PLANTED_BUGS: readonly PlantedBug[] = [...LEDGER_BUGS, ...FEED_BUGS, ...DEVICE_BUGS, ...SYNC_BUGS]
