// Storage is deleted under two open tabs, at any moment of their work: while one records or scans, while the leader
// synchronises, while a tab has not yet received the other's message. A seed decides the order. In the end the server
// has every saved mutation once, and every scan is either unresolved or recorded.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { Dexie } from 'dexie'
import { expect, test, vi } from 'vitest'
import type { PullAnswer, PullRequest, PushAnswer, PushResult } from '#shared/protocol/wire.ts'
import { StaleTabError } from '../../client/device/sync-update.ts'
import type { TabMessage } from '../../client/device/sync-update.ts'
import { Device } from '../../client/device/device.ts'
import { isStorageFailure } from '../../client/device/storage/storage-failure.ts'
import { systemClock } from '#shared/values/clock.ts'
import { Replicator } from '../../client/sync/replicator.ts'
import type { PushRequest, SyncTransport } from '../../client/sync/sync-transport.ts'
import { RequestError } from '../../client/sync/sync-transport.ts'
import { Random } from '../simulation/random.ts'
import { itemRow, locationRow, positionRow, tablesOf } from './support/sample-rows.ts'

const SEEDS = Number(process.env['DELETED_STORAGE_SEEDS'] ?? 60)
const FIRST_SEED = Number(process.env['DELETED_STORAGE_FIRST'] ?? 1)
const STEPS = 10
/** Turns of the event loop. A transaction takes about ten. */
const TURNS_MAX = 25
const [itemId, locationId] = [randomUUID(), randomUUID()]
const AT = { itemId, locationId }

/** The part of a server that decides each mutation exactly once. */
class Server implements SyncTransport {
  readonly decided = new Map<string, number>()
  readonly #clients = new Map<string, string[]>()
  readonly #turns: () => Promise<void>
  #version = 1

  constructor(turns: () => Promise<void>) {
    this.#turns = turns
  }

  readonly subscribe = () => () => undefined

  async push(ask: () => PushRequest): Promise<PushAnswer> {
    const { clientId, mutations } = structuredClone(ask())
    await this.#turns()
    const ids = this.#clients.get(clientId) ?? []
    this.#clients.set(clientId, ids)
    const results = mutations.map(({ seq, id, args }): PushResult => {
      const lastSeq = ids.length
      if (seq > lastSeq + 1) throw new RequestError({ refusal: 'gap', lastSeq })
      if (seq <= lastSeq && ids[seq - 1] !== id) throw new RequestError({ refusal: 'seq_reused', lastSeq })
      ids[seq - 1] = id
      if (this.decided.has(id)) return { seq, status: 'duplicate' }
      this.decided.set(id, (args as { quantity: number }).quantity)
      this.#version += 1
      return { seq, status: 'applied' }
    })
    await this.#turns()
    return { version: this.#version, lastSeq: ids.length, lastAt: null, serverNow: Date.now(), results }
  }

  async pull({ clientId = '' }: PullRequest): Promise<PullAnswer> {
    await this.#turns()
    const version = this.#version
    const lastSeq = this.#clients.get(clientId)?.length ?? 0
    const tables = tablesOf({
      items: [itemRow(itemId, 'Coffee')],
      locations: [locationRow(locationId, 'Bin')],
      positions: [positionRow(AT, this.quantity, { version })],
    })
    const answer = { epoch: 1, version, cursor: `v${version}`, more: false, lastSeq, lastAt: null, tables }
    await this.#turns()
    return { ...answer, serverNow: Date.now() }
  }

  get quantity(): number {
    return [...this.decided.values()].reduce((sum, quantity) => sum + 1000 * quantity, 0)
  }
}

class Browser {
  readonly random: Random
  readonly server: Server
  readonly saved = new Set<string>()
  readonly scanned = new Set<string>()
  readonly #name = randomUUID()
  readonly #tabs: Device[] = []
  #replicator!: Replicator
  #running: Promise<void>[] = []
  /** The messages that a tab has received and not handled yet, in order. */
  readonly #handling = new Map<Device, Promise<void>>()

  constructor(seed: number) {
    this.random = new Random(seed, 11)
    this.server = new Server(() => this.turns())
  }

  async turns(): Promise<void> {
    for (let left = this.random.below(TURNS_MAX); left > 0; left--) await new Promise((done) => setImmediate(done))
  }

  async open(): Promise<void> {
    const actor = { userId: randomUUID(), role: 'manager' as const }
    for (let tab = 0; tab < 2; tab++) this.#tabs.push(await Device.open({ name: this.#name, actor }))
    for (const tab of this.#tabs) tab.notifyTabs = (message) => this.#tellOthers(tab, structuredClone(message))
    this.#replicator = new Replicator({ device: this.#tabs[0]!, transport: this.server, clock: systemClock })
    await this.#round()
    await this.still()
  }

  close(): void {
    for (const tab of this.#tabs) tab.close()
  }

  /** Starts a random action. Actions in progress continue. */
  begin(): void {
    const tab = this.random.pick(this.#tabs)
    const action = this.random.weighted<() => Promise<void>>([
      [6, () => this.#record(tab)],
      [3, () => this.#scan(tab)],
      [2, () => this.#recordScan(tab)],
      [3, () => this.#round()],
      [2, () => this.#delete()],
    ])
    this.#running.push(action())
  }

  /** Waits until no action is in progress and both tabs have handled every message. */
  async still(): Promise<void> {
    while (this.#running.length > 0) await Promise.all(this.#running.splice(0))
    for (let rounds = 0; rounds < 3; rounds++) await Promise.all(this.#handling.values())
  }

  /** Like the next few seconds: the leader asks for changes and notices the deletion. */
  async syncUntilIdle(): Promise<void> {
    for (let rounds = 0; rounds < 3; rounds++) {
      await this.still()
      await this.#round()
    }
    await this.still()
  }

  check(): void {
    const { decided, quantity } = this.server
    const lost = [...this.saved].filter((id) => !decided.has(id)).length
    expect({ lost }).toEqual({ lost: 0 })
    for (const { pendingCount, queries, scans } of this.#tabs) {
      const shown = queries.position(itemId, locationId).quantity
      expect({ pending: pendingCount.value, shown }).toEqual({ pending: 0, shown: quantity })
      const unresolved = scans.unresolved.value.map(({ id }) => id).toSorted()
      expect({ unresolved }).toEqual({ unresolved: [...this.scanned].filter((id) => !decided.has(id)).toSorted() })
    }
  }

  #tellOthers(from: Device, message: TabMessage): void {
    for (const tab of this.#tabs) {
      if (tab === from) continue
      const before = this.#handling.get(tab) ?? Promise.resolve()
      const after = before.then(() => this.turns()).then(() => tab.handleTabMessage(message))
      this.#handling.set(tab, after.catch(unlessStorageFailure))
    }
  }

  async #record(tab: Device, scanId?: string): Promise<void> {
    const quantity = this.random.between(1, 9)
    try {
      const scan = scanId === undefined ? {} : { scanId }
      const result = await tab.record('stock.receive', { ...AT, quantity }, scan)
      if (result.saved) this.saved.add(result.id)
    } catch (error) {
      unlessStorageFailure(error) // the mutation was not reported as saved
    }
  }

  async #delete(): Promise<void> {
    await Dexie.delete(this.#name)
  }

  async #scan(tab: Device): Promise<void> {
    try {
      const { id } = await tab.scans.store({ code: '4006381333931', at: Date.now(), mode: 'receive', locationId })
      this.scanned.add(id)
    } catch (error) {
      unlessStorageFailure(error)
    }
  }

  async #recordScan(tab: Device): Promise<void> {
    const [scan] = tab.scans.unresolved.value
    if (scan) await this.#record(tab, scan.id)
  }

  async #round(): Promise<void> {
    const { signal } = new AbortController()
    try {
      await this.#replicator.push(signal)
      await this.#replicator.pull(signal, () => undefined)
    } catch (error) {
      if (!(error instanceof StaleTabError)) unlessStorageFailure(error) // the next round continues
    }
  }
}

function unlessStorageFailure(error: unknown): void {
  if (!isStorageFailure(error)) throw error
}

test(`[D13] storage deleted at any moment under two tabs does not lose a saved mutation or scan, in ${SEEDS} seeds`, async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined) // Dexie warns each time
  const failures: string[] = []
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const browser = new Browser(seed)
    try {
      await browser.open()
      for (let step = 0; step < STEPS; step++) {
        browser.begin()
        await browser.turns()
      }
      await browser.syncUntilIdle()
      browser.check()
    } catch (error) {
      const { actual } = error as { actual?: unknown }
      failures.push(`seed ${seed}: ${String(error)} ${JSON.stringify(actual)}`)
    }
    browser.close()
  }
  vi.restoreAllMocks()
  expect(failures).toEqual([])
})
