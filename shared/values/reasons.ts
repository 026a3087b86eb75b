// The built-in reasons of movements. On the wire a reason is any text: organisations add their own.

export const MOVEMENT_REASONS = [
  'sale',
  'returned',
  'found',
  'damaged',
  'expired',
  'lost',
  'own_use',
  'opening',
] as const
export type MovementReason = (typeof MOVEMENT_REASONS)[number]

/** The reasons that people choose from when they receive or withdraw without a document. */
export const REASONS_TO_CHOOSE = {
  receive: ['found', 'returned'],
  withdraw: ['damaged', 'expired', 'lost', 'own_use'],
} as const satisfies Record<string, readonly MovementReason[]>

/** Texts that earlier versions recorded. The entries are hashed and never rewritten, so they are translated on reading. */
const EARLIER: Readonly<Record<string, MovementReason>> = { return: 'returned' }

/** The built-in reason that a recorded text means. Returns undefined for a reason of the organisation's own. */
export function builtInReason(text: string): MovementReason | undefined {
  return Object.hasOwn(EARLIER, text) ? EARLIER[text] : MOVEMENT_REASONS.find((reason) => reason === text)
}
