// German: proves that the catalogue is whole. Loaded only where it is chosen.
import type { Catalogue } from './catalogue.ts'

export const de: Catalogue = {
  'ui.close': 'Schließen',
  'ui.cancel': 'Abbrechen',
  'ui.done': 'Fertig',
  'ui.undo': 'Rückgängig',
  'ui.dismiss': 'Ausblenden',
  'ui.clear': 'Leeren',
  'ui.delete': 'Letzte Ziffer löschen',
  'ui.less': 'Eins weniger',
  'ui.more': 'Eins mehr',
  'ui.setQuantity': 'Menge ändern, jetzt {quantity}',
  'ui.showPassword': 'Passwort zeigen',
  'ui.hidePassword': 'Passwort verbergen',
  'ui.skipToContent': 'Zum Inhalt',
  'ui.mainNavigation': 'Hauptmenü',
  'ui.loading': 'Lädt',
  'ui.busy': 'In Arbeit',
  'ui.ofTotal': '{done} von {total}',
  'ui.notifications': 'Meldungen',
  'ui.rows': { one: '{count} Zeile', other: '{count} Zeilen' },

  'level.good': 'Mindestbestand ({low}) erreicht',
  'level.warn': 'unter Mindestbestand ({low})',
  'level.bad': 'nichts hier',
  'level.plain': '{quantity} hier',
  'level.target': 'Soll {target}',

  'net.online': 'Online',
  'net.offline': 'Offline',
  'net.waiting': { one: '{count} wartet', other: '{count} warten' },
  'net.asOf': 'Stand {time}',

  'nav.scan': 'Scannen',
  'nav.stock': 'Bestand',
  'nav.counts': 'Zählung',
  'nav.tray': 'Ablage',
  'nav.more': 'Mehr',
}
