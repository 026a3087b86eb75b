// Bugs that the simulation has to catch: each is an exact text of the product's source, and what stands in its place.
// A text that is no longer found fails the test, so that no bug is forgotten when the source moves on.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PlantedBug {
  /** What somebody forgot, in a few words. */
  name: string
  changes: { file: string; from: string; to: string }[]
  /** The rules that may catch it first. */
  rules: number[]
  /** Which was the first to catch it when somebody last looked: it is looked for from there on. */
  seed: number
}

const DECIDE = 'server/ledger/commit/decide-group.ts'
const LOAD = 'server/ledger/commit/load-group.ts'
const STORE = 'server/ledger/store/ledger-store.ts'
const LEDGER = 'shared/working-set/ledger.ts'
const DEVICE = 'client/device/device.ts'
const OUTBOX = 'client/device/outbox/outbox.ts'
const EXCHANGE = 'client/sync/replicator.ts'
const SYNC = 'client/sync/sync.ts'
const TABS = 'client/sync/tab-coordinator.ts'
const MIRROR_STORE = 'client/device/storage/confirmed-rows-store.ts'

export const PLANTED_BUGS: PlantedBug[] = [
  bug(
    'what was decided is decided again',
    { rules: [1, 2, 5, 6], seed: 2 },
    DECIDE,
    '    if (known) {\n      if (batch',
    '    if (known && seq < 0) {\n      if (batch',
  ),
  bug(
    'rows are loaded before the lock is held',
    { rules: [1, 2, 4, 5, 6], seed: 6 },
    LOAD,
    'const locked = lockHead(sql, orgId)\n',
    'const locked = new Promise((go) => setTimeout(go, 5)).then(() => lockHead(sql, orgId))\n',
  ),
  bug(
    'the head is read without a lock',
    { rules: [1, 2, 4, 6, 7], seed: 6 },
    STORE,
    'where org_id = ${orgId} for no key update`',
    'where org_id = ${orgId}`',
  ),
  bug(
    'how far a device came is not kept with what it sent',
    { rules: [1, 6, 11], seed: 222 },
    'server/ledger/store/ledger-write-store.ts',
    'do update set last_seq = excluded.last_seq, last_at',
    'do update set last_at',
  ),
  bug(
    'a movement older than the count is added all the same',
    { rules: [2, 5], seed: 16 },
    LEDGER,
    'if (!isAfter(entry, standing.count)) return standing',
    "if (entry.kind === 'count' && !isAfter(entry, standing.count)) return standing",
  ),
  bug(
    'a late count forgets what was moved after it',
    { rules: [2, 5], seed: 14 },
    LEDGER,
    'quantity: entry.amount + sumAfter(entries, entry)',
    'quantity: entry.amount',
  ),
  bug(
    'beginning again drops the outbox',
    { rules: [1, 6], seed: 2 },
    'client/device/storage/device-storage.ts',
    'if (!complete) await Promise.all([chunks.clear(), log.clear()])',
    'await outbox.clear()',
  ),
  bug(
    'undoing adds instead of taking away',
    { rules: [2, 5], seed: 10 },
    LEDGER,
    'standing.quantity - voided.amount',
    'standing.quantity + voided.amount',
  ),
  bug(
    'wrong clocks are not corrected',
    { rules: [11], seed: 6 },
    'shared/values/stamp.ts',
    'Math.abs(skew) > CLOCK_TOLERANCE_MS ? ms + skew : ms',
    'ms',
  ),
  bug(
    'everybody sees the conflicts of everybody',
    { rules: [3, 8], seed: 2 },
    'server/feed/viewer.ts',
    "return kind === 'conflicts' && role !== 'manager' ? 'user_id = $2' : '$2::uuid is not null'",
    "return kind === 'conflicts' && role !== role ? 'user_id = $2' : '$2::uuid is not null'",
  ),
  bug(
    'a page is taken for a version',
    { rules: [1, 3, 5, 6, 13], seed: 6 },
    EXCHANGE,
    'complete: !more,',
    'complete: true,',
  ),
  bug(
    'the cursor moves when a push is answered',
    { rules: [1, 3, 5, 6, 13], seed: 2 },
    EXCHANGE,
    'this.#atLeast = answer.version\n',
    'this.#atLeast = answer.version\n        this.#device.point.value = { ...this.#device.point.value, version: answer.version }\n',
  ),
  bug(
    'the outbox is cleared when a push is answered',
    { rules: [5], seed: 2 },
    EXCHANGE,
    'this.#atLeast = answer.version\n',
    'this.#atLeast = answer.version\n        await this.#device.arrive({ tables: {}, point: this.#device.point.value, lastSeq: answer.lastSeq, clientId: answer.clientId })\n',
  ),
  bug(
    'acknowledged mutations stay in the outbox',
    { rules: [5, 6, 13], seed: 1 },
    OUTBOX,
    'await outbox.bulkDelete(done.map(({ seq }) => seq))',
    '',
  ),
  bug(
    'saved is said before it is kept',
    { rules: [1, 6, 13], seed: 1 },
    DEVICE,
    'const { entry, clientId } = await this.#keep({ id, name, args, scanId })\n',
    'const keeping = this.#keep({ id, name, args, scanId })\n    keeping.then((kept) => this.#shown.show(kept.entry), () => undefined)\n    if (id) return { saved: true, id }\n    const { entry, clientId } = await keeping\n',
  ),
  bug(
    'a copied device numbers its outbox anew and loses the ids',
    { rules: [1, 5], seed: 2 },
    OUTBOX,
    'return { seq, at, envelope: { ...own, seq }, ...kept({ scanId }) }',
    'return { seq, at, envelope: { ...own, seq, id: this.#newId() }, ...kept({ scanId }) }',
  ),
  {
    name: 'the newest row is lost when the log is folded into the chunks',
    rules: [3, 5, 6],
    seed: 1,
    changes: [
      { file: MIRROR_STORE, from: 'LOG_ROWS_MAX = 2_000', to: 'LOG_ROWS_MAX = 10' },
      {
        file: MIRROR_STORE,
        from: 'this.#touch([...this.#logged, ...planned], planned)',
        to: 'this.#touch([...this.#logged, ...planned], planned.slice(0, -1))',
      },
    ],
  },
  bug(
    'a line of the ledger forgets the one before',
    { rules: [4], seed: 1 },
    'server/ledger/commit/log-writer.ts',
    'this.#logHash = logHash(this.#logHash, line)',
    "this.#logHash = logHash('', line)",
  ),
  bug(
    'a live message is applied out of line',
    { rules: [3, 5, 13], seed: 6 },
    SYNC,
    'const follows = epoch === point.epoch && from === point.version &&',
    'const follows = epoch === point.epoch &&',
  ),
  bug(
    'live messages tell everybody the conflicts of everybody',
    { rules: [3, 8], seed: 2 },
    'server/feed/viewer.ts',
    'rows: table.rows.filter((row) => row[author] === viewer.userId)',
    'rows: table.rows.filter((row) => row[author] !== undefined)',
  ),
  {
    name: 'a leader that was replaced goes on',
    rules: [13],
    seed: 6,
    changes: [
      { file: TABS, from: '.catch((error: unknown) => {\n        end()\n', to: '.catch((error: unknown) => {\n' },
      { file: TABS, from: '    this.#parts.follow()\n    this.#queue', to: '    this.#queue' },
    ],
  },
  bug(
    'online is said before anybody answered',
    { rules: [12], seed: 1 },
    'client/sync/sync-state.ts',
    "  connecting: 'connecting',",
    "  connecting: 'online',",
  ),
  bug(
    'whoever is offline waits for ever',
    { rules: [6], seed: 1 },
    'client/sync/sync-state.ts',
    '  offline: backoff,',
    '  offline: never,',
  ),
  bug(
    'the service worker sends though the person works offline',
    { rules: [12], seed: 44 },
    'client/sync/background-push.ts',
    ' || doubt || paused) return',
    ' || doubt) return',
  ),
  bug(
    'a status wakes the loop that shows it',
    { rules: [6], seed: 3 },
    SYNC,
    "if (!this.#session.expired.value) untracked(() => this.#on('signedIn'))",
    "if (!this.#session.expired.value) this.#on('signedIn')",
  ),
  bug(
    'what the disk refuses is taken all the same',
    { rules: [13], seed: 18 },
    DEVICE,
    '      return gone\n    })\n',
    '      return gone\n    }).catch(() => [])\n',
  ),
  {
    name: 'what the server took of a client that was given up is let go',
    rules: [1],
    seed: 96,
    changes: [
      {
        file: DEVICE,
        from: 'if (identity.clientId !== arrival.clientId) return',
        to: "if (identity.clientId === '') return",
      },
      {
        file: EXCHANGE,
        from: '{ clientId: answer.clientId, seq: sentTo }',
        to: '{ clientId: (await this.#device.identity()).clientId, seq: sentTo }',
      },
    ],
  },
  bug(
    'what a leader said is shown after it fell silent',
    { rules: [13], seed: 83 },
    TABS,
    '!this.#isAnswered && !signal.aborted) hear(undefined)',
    'signal.aborted) hear(undefined)',
  ),
  bug(
    'a replica that is behind a cursor answers',
    { rules: [3, 5], seed: 378 },
    'server/feed/pull.ts',
    '(cursor && !holds(head, cursor))) return undefined',
    '(database === parts.primary && cursor && !holds(head, cursor))) return undefined',
  ),
  bug(
    'what a replica has not heard of does not exist',
    { rules: [8], seed: 1 },
    'server/feed/pull.ts',
    'if (!head && isPrimary) throw',
    'if (!head) throw',
  ),
]

function bug(
  name: string,
  caught: Pick<PlantedBug, 'rules' | 'seed'>,
  file: string,
  ...[from, to]: [string, string]
): PlantedBug {
  return { name, ...caught, changes: [{ file, from, to }] }
}

const ROOT = resolve(import.meta.dirname, '../..')

/** Puts a bug into the modules that this process loads from now on. @throws where its text is not there */
export function plant({ changes }: PlantedBug): void {
  const texts = new Map<string, string>()
  for (const { file, from, to } of changes) {
    const path = join(ROOT, file)
    const text = texts.get(path) ?? readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} no longer has: ${from}`)
    texts.set(
      path,
      text.replace(from, () => to),
    )
  }
  registerHooks({
    load(url, context, next) {
      const source = url.startsWith('file:') ? texts.get(fileURLToPath(url)) : undefined
      return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}
