// English: the first language and the shape of the catalogue. Every other language is checked against it by the types:
// a missing key, or a plural where a sentence belongs, does not compile. `{name}` is filled in; a plural chooses by
// `count`. Keys are `area.what`; sentences say what happened and what the person can do.
export const en = {
  // The design system's own words.
  'ui.close': 'Close',
  'ui.cancel': 'Cancel',
  'ui.done': 'Done',
  'ui.undo': 'Undo',
  'ui.dismiss': 'Dismiss',
  'ui.clear': 'Clear',
  'ui.delete': 'Delete last digit',
  'ui.less': 'One less',
  'ui.more': 'One more',
  'ui.setQuantity': 'Set quantity, now {quantity}',
  'ui.showPassword': 'Show password',
  'ui.hidePassword': 'Hide password',
  'ui.skipToContent': 'Skip to content',
  'ui.mainNavigation': 'Main',
  'ui.loading': 'Loading',
  'ui.busy': 'Working',
  'ui.ofTotal': '{done} of {total}',
  'ui.notifications': 'Messages',
  'ui.rows': { one: '{count} row', other: '{count} rows' },

  // A level, in words, for those who do not see the bar.
  'level.good': 'at or above low ({low})',
  'level.warn': 'below low ({low})',
  'level.bad': 'nothing here',
  'level.plain': '{quantity} here',
  'level.target': 'target {target}',

  // Connection and work on its way.
  'net.online': 'Online',
  'net.offline': 'Offline',
  'net.waiting': { one: '{count} waiting', other: '{count} waiting' },
  'net.asOf': 'as of {time}',

  // Navigation.
  'nav.scan': 'Scan',
  'nav.stock': 'Stock',
  'nav.counts': 'Counts',
  'nav.tray': 'Tray',
  'nav.more': 'More',
} as const
