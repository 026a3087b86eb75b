// The catalogue of codes: why a request or a mutation did not take effect, or only in part, and what a person can do.

export interface Meaning {
  cause: string
  remedy: string
}

/** Codes that refuse a whole request, with their HTTP status. */
export const requestRefusals = {
  malformed: {
    status: 400,
    cause: 'The request is not of the form that this version understands.',
    remedy: 'Update the app; nothing was changed.',
  },
  unauthenticated: {
    status: 401,
    cause: 'Nobody is signed in here, or the sign-in has run out.',
    remedy: 'Sign in again. What is waiting on this device stays.',
  },
  disabled: {
    status: 401,
    cause: 'Your access here has ended.',
    remedy: 'A manager can let you in again. What is waiting on this device stays until then.',
  },
  bad_credentials: {
    status: 401,
    cause: 'No account has this e-mail address and password.',
    remedy: 'Check both, or ask a manager for a new password.',
  },
  role_too_low: {
    status: 403,
    cause: 'Your role may not do this.',
    remedy: 'Ask a manager to do it, or to change your role.',
  },
  device_taken: {
    status: 403,
    cause: 'This device belongs to somebody else.',
    remedy: 'Sign in as the person it belongs to, or start it anew.',
  },
  gap: {
    status: 409,
    cause: 'Something this device sent earlier has not arrived.',
    remedy: 'Nothing to do: the device sends it again by itself.',
  },
  seq_reused: {
    status: 409,
    cause: 'Another copy of this device has already sent under this number.',
    remedy: 'Nothing to do: the device takes a new number by itself.',
  },
  epoch_changed: {
    status: 409,
    cause: 'The server was restored from a backup.',
    remedy: 'Nothing to do: the device sends the last week again by itself.',
  },
  resnapshot: {
    status: 409,
    cause: 'This device must load all data again.',
    remedy: 'Nothing to do: it loads by itself, and what is waiting stays.',
  },
  too_many: { status: 413, cause: 'More than 500 changes in one request.', remedy: 'Send them in smaller parts.' },
  too_large: { status: 413, cause: 'A request of more than 512 KB.', remedy: 'Send it in smaller parts.' },
  rate_limited: { status: 429, cause: 'Too many attempts in a short time.', remedy: 'Wait a little, then try again.' },
  busy: {
    status: 429,
    cause: 'The server has more to do at this moment than it can take on.',
    remedy: 'Nothing is lost: the device tries again by itself in a few seconds.',
  },
  unavailable: {
    status: 503,
    cause: 'The server cannot reach its database right now.',
    remedy: 'Nothing is lost: the device tries again by itself.',
  },
} satisfies Record<string, Meaning & { status: number }>

/** Codes that refuse one mutation. It is stored with its code, and its author and the managers can act on it. */
export const mutationRefusals = {
  unknown_verb: {
    cause: 'The server does not know this kind of change.',
    remedy: 'Update the server, then send it again.',
  },
  role_too_low: {
    cause: 'The role at that time may not do this.',
    remedy: 'A manager can send it again, or discard it.',
  },
  bad_args: {
    cause: 'Something in it is missing, unknown or out of range.',
    remedy: 'Correct it and send it again, or discard it.',
  },
  mutation_too_large: { cause: 'It is larger than 16 KB.', remedy: 'Shorten its texts and send it again.' },
  depends_on_missing: {
    cause: 'It names something that the server does not know yet.',
    remedy: 'It takes effect by itself once that arrives. If it never will, discard it.',
  },
  already_exists: { cause: 'Something with this id exists already.', remedy: 'Discard it; nothing was changed.' },
  insufficient_stock: {
    cause: 'There is less in stock than that.',
    remedy: 'Take fewer, count the shelf, or record it all the same.',
  },
  same_place: { cause: 'It would move stock to where it already is.', remedy: 'Choose another place, or discard it.' },
  nothing_to_undo: {
    cause: 'There is nothing in it that could be undone.',
    remedy: 'Record the opposite movement instead.',
  },
  not_yours: { cause: 'Only its author or a manager may do this.', remedy: 'Ask a manager.' },
  not_open: { cause: 'It has been settled already.', remedy: 'Nothing to do.' },
  count_unsynced: {
    cause: 'Somebody who joined this count has not submitted, so lines may still be on their device.',
    remedy: 'Wait for them, or approve with a reason: late lines come back as an amendment.',
  },
  count_rivals: {
    cause: 'The same shelf was counted more than once, with nothing said about which count stands.',
    remedy: 'Choose their sum or one of them, or have it counted again.',
  },
  cycle: { cause: 'It would put something inside itself.', remedy: 'Choose another parent.' },
  too_deep: { cause: 'It would lie more than 32 levels deep.', remedy: 'Choose a parent further up.' },
  internal_error: {
    cause: 'The server failed on it.',
    remedy: 'Send it again later. If it fails again, tell your manager.',
  },
} satisfies Record<string, Meaning>

/** Codes of mutations that took effect in part, were absorbed, or opened a review. */
export const mergeCodes = {
  absorbed_by_count: {
    cause: 'The shelf was counted after this, so the count already includes it.',
    remedy: 'Nothing to do.',
  },
  still_refused: {
    cause: 'It was sent again, and is still refused.',
    remedy: 'Look at the reason, change it, or discard it.',
  },
  moved_during_count: {
    cause: 'Something was moved on this shelf while it was being counted, so the count may or may not include it.',
    remedy: 'Ask whoever counted, and count the shelf again if they are not sure.',
  },
  clock_crossed_count: {
    cause: 'The device had a wrong clock. Putting it right moved this to the other side of a count.',
    remedy: 'Check whether the count already included it, and count the shelf again if in doubt.',
  },
  count_cancelled: {
    cause: 'The planned count that this belongs to had been cancelled.',
    remedy: 'Leave it out, or count the shelf on its own.',
  },
  count_closed: { cause: 'The planned count is closed.', remedy: 'Nothing to do.' },
  line_settled: { cause: 'This line of the count was settled before.', remedy: 'Nothing to do.' },
  changed_later: { cause: 'It was changed again after this; the later change stands.', remedy: 'Nothing to do.' },
  already_resolved: { cause: 'The alert was over already.', remedy: 'Nothing to do.' },
  already_undone: { cause: 'Somebody had undone it before.', remedy: 'Nothing to do.' },
  sku_taken: {
    cause: 'Another item has this SKU, so it was left empty here.',
    remedy: 'Give it another SKU, or merge the two items.',
  },
  barcode_taken: {
    cause: 'The barcode belongs to another item, so it was left out here.',
    remedy: 'Check which item it is printed on.',
  },
  location_barcode_taken: {
    cause: 'Another location has this barcode, so it was left empty here.',
    remedy: 'Print a new label for one of the two.',
  },
  field_clash: {
    cause: 'Two people changed the same field; the later change stands.',
    remedy: 'Look at both values and keep the right one.',
  },
  item_archived: {
    cause: 'The item had been archived before this.',
    remedy: 'Restore the item, or move its stock out.',
  },
  location_archived: {
    cause: 'The location had been archived before this.',
    remedy: 'Restore the location, or move its stock out.',
  },
  lot_missing: { cause: 'This item is kept by lot, but none was named.', remedy: 'Count the shelf by lot.' },
  expiry_differs: {
    cause: 'The lot is known with another expiry date; the first one stands.',
    remedy: 'Check the label and correct the lot.',
  },
} satisfies Record<string, Meaning>

export type RequestRefusal = keyof typeof requestRefusals
export type MutationRefusal = keyof typeof mutationRefusals
export type MergeCode = keyof typeof mergeCodes

/** What a code means. A code of a newer server is shown as it is. */
export function meaningOf(code: string): Meaning {
  const all: Record<string, Meaning> = { ...requestRefusals, ...mergeCodes, ...mutationRefusals }
  return all[code] ?? { cause: code, remedy: 'Update the app to read what this means.' }
}
