// What refusals and reviews mean, in German. The English texts are in shared/values/refusals.ts.
import type { Meaning, mergeCodes, mutationRefusals, requestRefusals } from '#shared/values/refusals.ts'

type Code = keyof typeof requestRefusals | keyof typeof mutationRefusals | keyof typeof mergeCodes

/** What a code means. A code of a newer server is shown as it is. */
export function meaningOf(code: string): Meaning {
  const all: Readonly<Record<string, Meaning>> = MEANINGS
  return all[code] ?? { cause: code, remedy: 'Aktualisieren Sie die App, um zu lesen, was das bedeutet.' }
}

const say = (cause: string, remedy: string): Meaning => ({ cause, remedy })

const NOTHING_TO_DO = 'Nichts zu tun.'
const BY_ITSELF = 'Nichts zu tun: Das Gerät regelt es selbst.'

const MEANINGS: Readonly<Record<Code, Meaning>> = {
  malformed: say('Diese Version versteht die Anfrage nicht.', 'Aktualisieren Sie die App; es wurde nichts geändert.'),
  unauthenticated: say(
    'Hier ist niemand angemeldet, oder die Anmeldung ist abgelaufen.',
    'Melden Sie sich neu an. Was hier wartet, bleibt erhalten.',
  ),
  disabled: say(
    'Ihr Zugang hier ist beendet.',
    'Die Leitung kann Sie wieder einlassen. Was auf diesem Gerät wartet, bleibt bis dahin.',
  ),
  bad_credentials: say(
    'Kein Konto hat diese E-Mail-Adresse und dieses Passwort.',
    'Prüfen Sie beides oder bitten Sie die Leitung um ein neues Passwort.',
  ),
  role_too_low: say(
    'Die Rolle zu diesem Zeitpunkt erlaubt das nicht.',
    'Die Leitung kann es erneut senden oder verwerfen.',
  ),
  device_taken: say(
    'Dieses Gerät gehört jemand anderem.',
    'Melden Sie sich als diese Person an oder beginnen Sie neu.',
  ),
  gap: say('Etwas, das dieses Gerät vorher gesendet hat, ist nicht angekommen.', BY_ITSELF),
  seq_reused: say('Eine Kopie dieses Geräts hat unter dieser Nummer schon gesendet.', BY_ITSELF),
  epoch_changed: say('Der Server wurde aus einer Sicherung wiederhergestellt.', BY_ITSELF),
  resnapshot: say('Dieses Gerät muss alle Daten neu laden.', `${BY_ITSELF} Was wartet, bleibt erhalten.`),
  too_many: say('Mehr als 500 Änderungen in einer Anfrage.', 'Senden Sie in kleineren Teilen.'),
  too_large: say('Eine Anfrage von mehr als 512 KB.', 'Senden Sie in kleineren Teilen.'),
  rate_limited: say('Zu viele Versuche in kurzer Zeit.', 'Warten Sie ein wenig und versuchen Sie es erneut.'),
  busy: say(
    'Der Server hat im Augenblick mehr zu tun, als er annehmen kann.',
    'Nichts geht verloren: Das Gerät versucht es in einigen Sekunden von selbst erneut.',
  ),
  unavailable: say(
    'Der Server erreicht seine Datenbank gerade nicht.',
    'Nichts geht verloren: Das Gerät versucht es von selbst erneut.',
  ),
  unknown_verb: say(
    'Der Server kennt diese Art von Änderung nicht.',
    'Aktualisieren Sie den Server und senden Sie erneut.',
  ),
  bad_args: say(
    'Etwas darin fehlt, ist unbekannt oder außerhalb der Grenzen.',
    'Berichtigen und erneut senden, oder verwerfen.',
  ),
  mutation_too_large: say('Es ist größer als 16 KB.', 'Kürzen Sie die Texte und senden Sie erneut.'),
  depends_on_missing: say(
    'Es nennt etwas, das der Server noch nicht kennt.',
    'Es wirkt von selbst, sobald das ankommt. Kommt es nie, verwerfen Sie es.',
  ),
  already_exists: say('Etwas mit dieser Kennung gibt es schon.', 'Verwerfen Sie es; es wurde nichts geändert.'),
  insufficient_stock: say(
    'Es ist weniger als das auf Lager.',
    'Nehmen Sie weniger, zählen Sie das Regal oder buchen Sie trotzdem.',
  ),
  same_place: say(
    'Es würde Bestand dorthin umlagern, wo er schon ist.',
    'Wählen Sie einen anderen Ort oder verwerfen Sie es.',
  ),
  nothing_to_undo: say('Darin ist nichts, was sich zurücknehmen ließe.', 'Buchen Sie stattdessen die Gegenbewegung.'),
  not_yours: say('Das darf nur, wer es gebucht hat, oder die Leitung.', 'Fragen Sie die Leitung.'),
  not_open: say('Es ist schon erledigt.', NOTHING_TO_DO),
  count_unsynced: say(
    'Jemand, der mitzählt, hat noch nicht abgegeben: Auf dem Gerät können noch Zeilen liegen.',
    'Warten Sie, oder schließen Sie mit einer Begründung ab: Späte Zeilen kommen als Nachtrag.',
  ),
  count_rivals: say(
    'Dasselbe Regal wurde mehrfach gezählt, und nichts sagt, welche Zählung gilt.',
    'Wählen Sie die Summe oder eine davon, oder lassen Sie neu zählen.',
  ),
  cycle: say('Es würde etwas in sich selbst legen.', 'Wählen Sie eine andere Ebene darüber.'),
  too_deep: say('Es läge mehr als 32 Ebenen tief.', 'Wählen Sie eine Ebene weiter oben.'),
  internal_error: say(
    'Der Server ist daran gescheitert.',
    'Senden Sie es später erneut. Scheitert es wieder, sagen Sie der Leitung Bescheid.',
  ),
  absorbed_by_count: say('Das Regal wurde danach gezählt; die Zählung enthält es schon.', NOTHING_TO_DO),
  still_refused: say(
    'Es wurde erneut gesendet und ist weiterhin abgelehnt.',
    'Sehen Sie den Grund an, ändern Sie es oder verwerfen Sie es.',
  ),
  moved_during_count: say(
    'Während dieses Regal gezählt wurde, ist etwas bewegt worden: Es kann in der Zählung enthalten sein oder nicht.',
    'Fragen Sie, wer gezählt hat, und zählen Sie im Zweifel neu.',
  ),
  clock_crossed_count: say(
    'Die Uhr des Geräts ging falsch. Die Berichtigung hat dies auf die andere Seite einer Zählung gerückt.',
    'Prüfen Sie, ob die Zählung es schon enthielt, und zählen Sie im Zweifel neu.',
  ),
  count_cancelled: say(
    'Die geplante Zählung, zu der dies gehört, war abgebrochen worden.',
    'Lassen Sie es weg, oder zählen Sie das Regal für sich.',
  ),
  count_closed: say('Die geplante Zählung ist abgeschlossen.', NOTHING_TO_DO),
  line_settled: say('Diese Zeile der Zählung war schon entschieden.', NOTHING_TO_DO),
  changed_later: say('Es wurde später noch einmal geändert; die spätere Änderung gilt.', NOTHING_TO_DO),
  already_resolved: say('Der Hinweis hatte sich schon erledigt.', NOTHING_TO_DO),
  already_undone: say('Jemand hatte es vorher zurückgenommen.', NOTHING_TO_DO),
  sku_taken: say(
    'Ein anderer Artikel hat diese SKU, deshalb blieb sie hier leer.',
    'Geben Sie ihm eine andere SKU oder führen Sie die beiden zusammen.',
  ),
  barcode_taken: say(
    'Der Barcode gehört zu einem anderen Artikel, deshalb wurde er hier weggelassen.',
    'Prüfen Sie, auf welchem Artikel er steht.',
  ),
  location_barcode_taken: say(
    'Ein anderer Lagerort hat diesen Barcode, deshalb blieb er hier leer.',
    'Drucken Sie für einen der beiden ein neues Etikett.',
  ),
  field_clash: say(
    'Zwei Personen haben dasselbe Feld geändert; die spätere Änderung gilt.',
    'Sehen Sie beide Werte an und behalten Sie den richtigen.',
  ),
  item_archived: say(
    'Der Artikel war vorher archiviert worden.',
    'Holen Sie ihn zurück oder lagern Sie den Bestand aus.',
  ),
  location_archived: say(
    'Der Lagerort war vorher archiviert worden.',
    'Holen Sie ihn zurück oder lagern Sie den Bestand um.',
  ),
  lot_missing: say(
    'Dieser Artikel wird nach Chargen geführt, aber keine wurde genannt.',
    'Zählen Sie das Regal nach Chargen.',
  ),
  expiry_differs: say(
    'Die Charge ist mit einem anderen Verfallsdatum bekannt; das erste gilt.',
    'Prüfen Sie das Etikett und berichtigen Sie die Charge.',
  ),
}
