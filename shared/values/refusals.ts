// The catalogue of codes: why a request or a mutation did not take effect, or only in part, and what a person can do.

export interface Meaning {
  cause: string
  remedy: string
}

/** Codes that refuse a whole request, with their HTTP status. */
export const requestRefusals = {
  malformed: {
    status: 400,
    cause: 'The server could not read the request.',
    remedy: 'Nothing was changed. Update the app, then try again.',
  },
  unauthenticated: {
    status: 401,
    cause: 'You are not signed in, or your session has ended.',
    remedy: 'Sign in again. Waiting changes stay on this device.',
  },
  disabled: {
    status: 401,
    cause: 'Your access here has ended.',
    remedy: 'A manager can restore it. Until then, waiting changes stay on this device.',
  },
  bad_credentials: {
    status: 401,
    cause: 'No account has this email address and password.',
    remedy: 'Check both, or ask a manager for a new password.',
  },
  role_too_low: {
    status: 403,
    cause: 'Your role does not allow this.',
    remedy: 'Ask a manager to do it, or to change your role.',
  },
  device_taken: {
    status: 403,
    cause: 'This device belongs to another person.',
    remedy: 'Sign in as that person, or set the device up again.',
  },
  gap: {
    status: 409,
    cause: 'An earlier change from this device has not arrived.',
    remedy: 'Nothing to do. The device sends it again automatically.',
  },
  seq_reused: {
    status: 409,
    cause: 'A copy of this device has already sent a change with this number.',
    remedy: 'Nothing to do. The device takes a new number automatically.',
  },
  epoch_changed: {
    status: 409,
    cause: 'The server was restored from a backup.',
    remedy: 'Nothing to do. The device sends the changes of the last week again automatically.',
  },
  resnapshot: {
    status: 409,
    cause: 'This device has to load all data again.',
    remedy: 'Nothing to do. It loads automatically, and waiting changes stay.',
  },
  too_many: {
    status: 413,
    cause: 'The request had more than 500 changes.',
    remedy: 'Nothing was changed. Send fewer at a time.',
  },
  too_large: {
    status: 413,
    cause: 'The request was larger than 512 KB.',
    remedy: 'Nothing was changed. Send less at a time.',
  },
  rate_limited: {
    status: 429,
    cause: 'There were too many attempts in a short time.',
    remedy: 'Wait a minute, then try again.',
  },
  busy: {
    status: 429,
    cause: 'The server is busy.',
    remedy: 'Nothing is lost. The device tries again automatically in a few seconds.',
  },
  unavailable: {
    status: 503,
    cause: 'The server cannot reach its database right now.',
    remedy: 'Nothing is lost. The device tries again automatically.',
  },
} satisfies Record<string, Meaning & { status: number }>

/** Codes that refuse one mutation. It is stored with its code, and its author and the managers can act on it. */
export const mutationRefusals = {
  unknown_verb: {
    cause: 'The server does not know this kind of change.',
    remedy: 'Nothing was changed. Update the server, then send the change again.',
  },
  role_too_low: {
    cause: 'The role at that time did not allow this.',
    remedy: 'Nothing was changed. A manager can send the change again or discard it.',
  },
  bad_args: {
    cause: 'A value is missing, unknown or out of range.',
    remedy: 'Nothing was changed. Correct it and send it again, or discard it.',
  },
  mutation_too_large: {
    cause: 'The change is larger than 16 KB.',
    remedy: 'Nothing was changed. Shorten its texts and send it again.',
  },
  depends_on_missing: {
    cause: 'This change refers to something that the server does not have yet.',
    remedy: 'It takes effect automatically once that arrives. If it never arrives, discard the change.',
  },
  already_exists: { cause: 'This already exists.', remedy: 'Nothing was changed. Discard it.' },
  insufficient_stock: {
    cause: 'There is not enough stock.',
    remedy: 'Nothing was taken. Take less, count the location, or record it anyway.',
  },
  same_place: {
    cause: 'The stock is already at this location.',
    remedy: 'Nothing was moved. Choose another location, or discard the move.',
  },
  nothing_to_undo: {
    cause: 'This change cannot be undone.',
    remedy: 'Record the opposite movement instead.',
  },
  not_yours: { cause: 'Only its author or a manager may do this.', remedy: 'Nothing was changed. Ask a manager.' },
  not_open: { cause: 'This is already resolved.', remedy: 'Nothing to do.' },
  count_unsynced: {
    cause: 'Someone who joined this count has not submitted it yet. Their device may still have lines.',
    remedy: 'Wait for them. Or approve now and give a reason; late lines then come as an amendment.',
  },
  count_rivals: {
    cause: 'The same stock was counted more than once, and no one has chosen the result.',
    remedy: 'Choose one of the counts or their sum, or have it counted again.',
  },
  cycle: { cause: 'This would put something inside itself.', remedy: 'Nothing was changed. Choose another parent.' },
  too_deep: {
    cause: 'This would be more than 32 levels deep.',
    remedy: 'Nothing was changed. Choose a parent further up.',
  },
  internal_error: {
    cause: 'The server had an error with this change.',
    remedy: 'It was not recorded. Send it again later. If it fails again, tell a manager.',
  },
} satisfies Record<string, Meaning>

/** Codes of mutations that took effect in part, were absorbed, or opened a review. */
export const mergeCodes = {
  absorbed_by_count: {
    cause: 'The stock was counted after this, so the count already includes it.',
    remedy: 'Nothing to do.',
  },
  still_refused: {
    cause: 'It was sent again and is still refused.',
    remedy: 'Read the reason, then correct the change or discard it.',
  },
  moved_during_count: {
    cause: 'Stock was moved while it was being counted. The count may or may not include that.',
    remedy: 'Ask the person who counted. If they are not sure, count it again.',
  },
  clock_crossed_count: {
    cause: 'The clock of the device was wrong. After the correction, this is on the other side of a count.',
    remedy: 'Check whether the count included it. If in doubt, count again.',
  },
  count_cancelled: {
    cause: 'This belongs to a planned count that was cancelled.',
    remedy: 'Leave it out, or count the location separately.',
  },
  count_closed: { cause: 'The planned count is already closed.', remedy: 'Nothing to do.' },
  line_settled: { cause: 'This line of the count is already decided.', remedy: 'Nothing to do.' },
  changed_later: { cause: 'It was changed again after this, and the later change applies.', remedy: 'Nothing to do.' },
  already_resolved: { cause: 'The alert is already resolved.', remedy: 'Nothing to do.' },
  already_undone: { cause: 'Someone has already undone it.', remedy: 'Nothing to do.' },
  sku_taken: {
    cause: 'Another item already has this SKU, so the field stays empty here.',
    remedy: 'Enter another SKU, or merge the two items.',
  },
  barcode_taken: {
    cause: 'This barcode belongs to another item, so it was not added here.',
    remedy: 'Check which item it is printed on.',
  },
  location_barcode_taken: {
    cause: 'Another location already has this barcode, so the field stays empty here.',
    remedy: 'Print a new label for one of the two.',
  },
  field_clash: {
    cause: 'The same field was changed twice, and the later change applies.',
    remedy: 'Compare both values and keep the right one.',
  },
  item_archived: {
    cause: 'The item was already archived at that time.',
    remedy: 'Restore the item, or move its stock out.',
  },
  location_archived: {
    cause: 'The location was already archived at that time.',
    remedy: 'Restore the location, or move its stock out.',
  },
  lot_missing: { cause: 'This item is tracked by lot, but no lot was given.', remedy: 'Count it by lot.' },
  expiry_differs: {
    cause: 'This lot is known with another expiry date, and the first date applies.',
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
