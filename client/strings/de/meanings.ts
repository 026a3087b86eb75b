// What refusals and reviews mean, in German. The English texts are in shared/values/refusals.ts.
import type { Meaning, mergeCodes, mutationRefusals, requestRefusals } from '#shared/values/refusals.ts'

type Code = keyof typeof requestRefusals | keyof typeof mutationRefusals | keyof typeof mergeCodes

/** The cause and the remedy of a code. A code of a newer server is shown as it is. */
export function meaningOf(code: string): Meaning {
  const all: Readonly<Record<string, Meaning>> = MEANINGS
  return all[code] ?? { cause: code, remedy: 'Aktualisieren Sie die App, um zu lesen, was das bedeutet.' }
}

const say = (cause: string, remedy: string): Meaning => ({ cause, remedy })

const NOTHING_TO_DO = 'Sie müssen nichts tun.'
const AUTOMATIC = 'Sie müssen nichts tun. Das Gerät regelt es automatisch.'

const MEANINGS: Readonly<Record<Code, Meaning>> = {
  malformed: say(
    'Der Server konnte die Anfrage nicht lesen.',
    'Es wurde nichts geändert. Aktualisieren Sie die App und versuchen Sie es erneut.',
  ),
  unauthenticated: say(
    'Sie sind nicht angemeldet, oder Ihre Sitzung ist beendet.',
    'Melden Sie sich erneut an. Ausstehende Änderungen bleiben auf diesem Gerät.',
  ),
  disabled: say(
    'Ihr Zugang hier ist beendet.',
    'Die Leitung kann ihn wieder freigeben. Bis dahin bleiben ausstehende Änderungen auf diesem Gerät.',
  ),
  bad_credentials: say(
    'Kein Konto hat diese E-Mail-Adresse und dieses Passwort.',
    'Prüfen Sie beides oder bitten Sie die Leitung um ein neues Passwort.',
  ),
  role_too_low: say(
    'Die Rolle zu diesem Zeitpunkt erlaubt das nicht.',
    'Es wurde nichts geändert. Die Leitung kann die Änderung erneut senden oder verwerfen.',
  ),
  device_taken: say(
    'Dieses Gerät gehört einer anderen Person.',
    'Melden Sie sich als diese Person an oder richten Sie das Gerät neu ein.',
  ),
  gap: say('Eine frühere Änderung dieses Geräts ist nicht angekommen.', AUTOMATIC),
  seq_reused: say('Eine Kopie dieses Geräts hat unter dieser Nummer schon eine Änderung gesendet.', AUTOMATIC),
  epoch_changed: say('Der Server wurde aus einer Sicherung wiederhergestellt.', AUTOMATIC),
  resnapshot: say(
    'Dieses Gerät muss alle Daten neu laden.',
    'Sie müssen nichts tun. Es lädt automatisch, und ausstehende Änderungen bleiben erhalten.',
  ),
  too_many: say(
    'Die Anfrage enthielt mehr als 500 Änderungen.',
    'Es wurde nichts geändert. Senden Sie weniger auf einmal.',
  ),
  too_large: say('Die Anfrage war größer als 512 KB.', 'Es wurde nichts geändert. Senden Sie weniger auf einmal.'),
  rate_limited: say('Es gab zu viele Versuche in kurzer Zeit.', 'Warten Sie eine Minute und versuchen Sie es erneut.'),
  busy: say(
    'Der Server ist ausgelastet.',
    'Nichts geht verloren. Das Gerät versucht es in einigen Sekunden automatisch erneut.',
  ),
  unavailable: say(
    'Der Server erreicht seine Datenbank gerade nicht.',
    'Nichts geht verloren. Das Gerät versucht es automatisch erneut.',
  ),
  unknown_verb: say(
    'Der Server kennt diese Art von Änderung nicht.',
    'Es wurde nichts geändert. Aktualisieren Sie den Server und senden Sie die Änderung erneut.',
  ),
  bad_args: say(
    'Eine Angabe fehlt, ist unbekannt oder liegt außerhalb der Grenzen.',
    'Es wurde nichts geändert. Korrigieren Sie die Angabe und senden Sie erneut, oder verwerfen Sie die Änderung.',
  ),
  mutation_too_large: say(
    'Die Änderung ist größer als 16 KB.',
    'Es wurde nichts geändert. Kürzen Sie die Texte und senden Sie erneut.',
  ),
  depends_on_missing: say(
    'Diese Änderung bezieht sich auf etwas, das der Server noch nicht hat.',
    'Sie wird automatisch gebucht, sobald es ankommt. Kommt es nie an, verwerfen Sie die Änderung.',
  ),
  already_exists: say('Das gibt es schon.', 'Es wurde nichts geändert. Verwerfen Sie die Änderung.'),
  insufficient_stock: say(
    'Der Bestand reicht nicht aus.',
    'Es wurde nichts entnommen. Entnehmen Sie weniger, zählen Sie den Lagerort oder buchen Sie trotzdem.',
  ),
  same_place: say(
    'Der Bestand ist schon an diesem Lagerort.',
    'Es wurde nichts umgelagert. Wählen Sie einen anderen Lagerort oder verwerfen Sie die Umlagerung.',
  ),
  nothing_to_undo: say(
    'Diese Änderung lässt sich nicht rückgängig machen.',
    'Buchen Sie stattdessen die Gegenbewegung.',
  ),
  not_yours: say(
    'Das darf nur die Person, die es gebucht hat, oder die Leitung.',
    'Es wurde nichts geändert. Fragen Sie die Leitung.',
  ),
  not_open: say('Das ist schon erledigt.', NOTHING_TO_DO),
  count_unsynced: say(
    'Eine beteiligte Person hat ihre Zählung noch nicht abgegeben. Auf ihrem Gerät können noch Zeilen sein.',
    'Warten Sie darauf. Oder geben Sie die Zählung jetzt mit einer Begründung frei; späte Zeilen kommen dann als Nachtrag.',
  ),
  count_rivals: say(
    'Derselbe Bestand wurde mehrfach gezählt, und das Ergebnis ist noch nicht gewählt.',
    'Wählen Sie eine der Zählungen oder ihre Summe, oder lassen Sie neu zählen.',
  ),
  cycle: say(
    'Damit würde etwas sich selbst enthalten.',
    'Es wurde nichts geändert. Wählen Sie eine andere übergeordnete Ebene.',
  ),
  too_deep: say('Das wären mehr als 32 Ebenen.', 'Es wurde nichts geändert. Wählen Sie eine Ebene weiter oben.'),
  internal_error: say(
    'Auf dem Server ist bei dieser Änderung ein Fehler aufgetreten.',
    'Sie wurde nicht gebucht. Senden Sie sie später erneut. Schlägt es wieder fehl, informieren Sie die Leitung.',
  ),
  absorbed_by_count: say('Danach wurde gezählt, die Zählung enthält es also schon.', NOTHING_TO_DO),
  still_refused: say(
    'Die Änderung wurde erneut gesendet und wieder abgelehnt.',
    'Lesen Sie den Grund. Korrigieren Sie die Änderung dann oder verwerfen Sie sie.',
  ),
  moved_during_count: say(
    'Während der Zählung wurde Bestand bewegt. Die Zählung kann das enthalten oder auch nicht.',
    'Fragen Sie die Person, die gezählt hat, und zählen Sie im Zweifel neu.',
  ),
  clock_crossed_count: say(
    'Die Uhr des Geräts ging falsch. Nach der Korrektur liegt diese Buchung auf der anderen Seite einer Zählung.',
    'Prüfen Sie, ob die Zählung sie enthielt, und zählen Sie im Zweifel neu.',
  ),
  count_cancelled: say(
    'Das gehört zu einer geplanten Zählung, die abgebrochen wurde.',
    'Lassen Sie es weg oder zählen Sie den Lagerort einzeln.',
  ),
  count_closed: say('Die geplante Zählung ist schon abgeschlossen.', NOTHING_TO_DO),
  line_settled: say('Diese Zeile der Zählung ist schon entschieden.', NOTHING_TO_DO),
  changed_later: say('Es wurde später noch einmal geändert. Die spätere Änderung gilt.', NOTHING_TO_DO),
  already_resolved: say('Die Warnung ist schon erledigt.', NOTHING_TO_DO),
  already_undone: say('Es wurde schon rückgängig gemacht.', NOTHING_TO_DO),
  sku_taken: say(
    'Ein anderer Artikel hat diese SKU schon, deshalb bleibt das Feld hier leer.',
    'Geben Sie eine andere SKU ein oder führen Sie die beiden Artikel zusammen.',
  ),
  barcode_taken: say(
    'Dieser Barcode gehört zu einem anderen Artikel, deshalb wurde er hier nicht hinzugefügt.',
    'Prüfen Sie, auf welchem Artikel er steht.',
  ),
  location_barcode_taken: say(
    'Ein anderer Lagerort hat diesen Barcode schon, deshalb bleibt das Feld hier leer.',
    'Drucken Sie für einen der beiden ein neues Etikett.',
  ),
  field_clash: say(
    'Dasselbe Feld wurde zweimal geändert. Die spätere Änderung gilt.',
    'Vergleichen Sie beide Werte und behalten Sie den richtigen.',
  ),
  item_archived: say(
    'Der Artikel war zu diesem Zeitpunkt schon archiviert.',
    'Stellen Sie den Artikel wieder her oder lagern Sie seinen Bestand um.',
  ),
  location_archived: say(
    'Der Lagerort war zu diesem Zeitpunkt schon archiviert.',
    'Stellen Sie den Lagerort wieder her oder lagern Sie seinen Bestand um.',
  ),
  lot_missing: say(
    'Dieser Artikel ist chargenpflichtig, aber es wurde keine Charge angegeben.',
    'Zählen Sie ihn nach Chargen.',
  ),
  expiry_differs: say(
    'Diese Charge ist mit einem anderen Verfallsdatum bekannt. Das erste Datum gilt.',
    'Prüfen Sie das Etikett und korrigieren Sie die Charge.',
  ),
}
