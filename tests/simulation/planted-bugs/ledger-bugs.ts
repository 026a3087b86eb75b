// Bugs in how the server decides and stores mutations, and in the ledger algebra.
import { setTimeout as sleep } from 'node:timers/promises'
import { withoutInSql } from './edit-sql.ts'
import { alter, type PlantedBug, wrapFunction, wrapMethod } from './plant.ts'

const groupDecision = () => import('../../../server/ledger/commit/decide-group.ts')
const ledgerAlgebra = () => import('#shared/working-set/ledger.ts')
const headStore = () => import('../../../server/ledger/store/head-store.ts')
const ledgerWriteStore = () => import('../../../server/ledger/store/ledger-write-store.ts')
const logLines = () => import('../../../server/ledger/commit/log-lines.ts')
const logWriter = () => import('../../../server/ledger/commit/log-writer.ts')
const stamps = () => import('#shared/values/stamp.ts')

/** Only lines that the log writer adds lose their chain: the checks hash with the same function. */
let isAddingLine = false

export const LEDGER_BUGS: PlantedBug[] = [
  {
    name: 'a mutation that was decided before is decided again',
    rules: [1, 2, 5, 6],
    seed: 2,
    changes: [wrapMethod(groupDecision, 'GroupDecision', 'repeatAnswer', () => () => undefined)],
  },
  {
    name: 'rows are loaded before the lock is held',
    rules: [1, 2, 4, 5, 6],
    seed: 6,
    changes: [
      wrapFunction(headStore, 'lockHead', (lockHead) => async (sql, orgId) => {
        await sleep(5)
        return lockHead(sql, orgId)
      }),
    ],
  },
  {
    name: 'the head is read without a lock',
    rules: [1, 2, 4, 6, 7],
    seed: 6,
    changes: [
      wrapFunction(
        headStore,
        'lockHead',
        (lockHead) => (sql, orgId) => lockHead(withoutInSql(sql, /\bfor\s+no\s+key\s+update\b/i), orgId),
      ),
    ],
  },
  {
    name: "the last seq of a known device is not stored with the device's mutations",
    rules: [1, 6, 11],
    seed: 222,
    changes: [
      wrapFunction(ledgerWriteStore, 'writeCommit', (writeCommit) => (tx, orgId, closing) => {
        if (closing.devices.length === 0) return writeCommit(tx, orgId, closing)
        const sql = withoutInSql(tx.sql, /\blast_seq\s*=\s*excluded\.last_seq\s*,/i)
        return writeCommit(alter(tx, { sql }), orgId, closing)
      }),
    ],
  },
  {
    name: 'a movement older than the count is added anyway',
    rules: [2, 5],
    seed: 16,
    changes: [
      wrapFunction(ledgerAlgebra, 'applyEntry', (applyEntry) => (state, entry, entries) => {
        if (entry.kind === 'count') return applyEntry(state, entry, entries)
        return alter(state, { quantity: state.quantity + entry.amount })
      }),
    ],
  },
  {
    name: 'a late count ignores the movements after it',
    rules: [2, 5],
    seed: 14,
    changes: [
      wrapFunction(ledgerAlgebra, 'applyEntry', (applyEntry) => (state, entry) => applyEntry(state, entry, [])),
    ],
  },
  {
    name: 'undo adds the amount again instead of subtracting it',
    rules: [2, 5],
    seed: 10,
    changes: [
      wrapFunction(
        ledgerAlgebra,
        'voidEntry',
        (voidEntry) => (state, voided, entries) => voidEntry(state, alter(voided, { amount: -voided.amount }), entries),
      ),
    ],
  },
  {
    name: 'wrong device clocks are not corrected',
    rules: [11],
    seed: 6,
    changes: [
      wrapFunction(
        stamps,
        'effectiveStamp',
        (effectiveStamp) => (at, correction) =>
          effectiveStamp(at, alter(correction, { deviceNow: correction.serverNow })),
      ),
    ],
  },
  {
    name: 'a log line is not chained to the line before it',
    rules: [4],
    seed: 1,
    changes: [
      wrapMethod(
        logWriter,
        'LogWriter',
        'add',
        (add) =>
          function (decided) {
            isAddingLine = true
            add.call(this, decided)
            isAddingLine = false
          },
      ),
      wrapFunction(logLines, 'logHash', (logHash) => (previous, line) => logHash(isAddingLine ? '' : previous, line)),
    ],
  },
]
