// Counts and times of a process's own work, for Prometheus. Guarantees: names and units follow Prometheus' conventions; every
// label has a bounded number of values, and none identifies an organisation, a person or a device.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { findVerb } from '#shared/mutations/verbs.ts'
import type { PullAnswer, PushAnswer } from '#shared/protocol/wire.ts'
import { stampMs } from '#shared/values/stamp.ts'

export interface EndedRequest {
  method: string
  /** A procedure or a class of files, never a text from the sender. */
  route: string
  status: number
  durationMs: number
}

export interface AcceptedPush {
  envelopes: readonly { seq: number; name: string; at: string }[]
  results: PushAnswer['results']
  deviceNow: number
}

/** State that is read at every scrape. */
export interface ProcessState {
  connections(): number
  busUp(): boolean
}

/** Gauges of prom-client with names of counters, which Prometheus' linter rejects. Other gauges have the same values. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS']
const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400

export class Metrics {
  readonly registry = new Registry()
  readonly #requests = this.#histogram('stockhand_http_request_duration_seconds', {
    help: 'How long requests took, by procedure or class of files, and HTTP status. Without health probes.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    labelNames: ['method', 'route', 'status'],
  })
  readonly #pushes = this.#counter('stockhand_pushes_total', {
    help: 'Pushes by outcome: taken, or the code of their refusal.',
    labelNames: ['outcome'],
  })
  readonly #mutations = this.#counter('stockhand_mutations_total', {
    help: 'Mutations that devices pushed, by verb and outcome.',
    labelNames: ['verb', 'outcome'],
  })
  readonly #batches = this.#histogram('stockhand_push_batch_mutations', {
    help: 'Mutations in an accepted push.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  })
  readonly #outboxAge = this.#histogram('stockhand_outbox_age_seconds', {
    help: 'How long the oldest mutation of an accepted push was pending on its device, by the clock of the device.',
    buckets: [1, 10, MINUTE_S, 10 * MINUTE_S, HOUR_S, 6 * HOUR_S, DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S],
  })
  readonly #commits = this.#histogram('stockhand_commit_duration_seconds', {
    help: 'How long a commit of the ledger took, including the wait for the lock of its organisation.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  })
  readonly #pulls = this.#histogram('stockhand_pull_rows', {
    help: 'Rows in the answer to a pull.',
    buckets: [0, 1, 10, 100, 1_000, 5_000, 10_000, 20_000],
  })
  readonly #propagation = this.#histogram('stockhand_propagation_seconds', {
    help: 'From a commit, of this process or another, until all sockets of this process got it.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  })

  constructor({ version, protocol }: { version: string; protocol: number }) {
    this.gauge('stockhand_build_info', {
      help: 'Always 1. The labels are the versions of the server and of the protocol.',
      labelNames: ['version', 'protocol'],
    }).set({ version, protocol }, 1)
  }

  requestEnded({ method, route, status, durationMs }: EndedRequest): void {
    const known = METHODS.includes(method) ? method : 'other'
    this.#requests.observe({ method: known, route, status }, durationMs / 1000)
  }

  pushAccepted({ envelopes, results, deviceNow }: AcceptedPush): void {
    this.#pushes.inc({ outcome: 'taken' })
    if (envelopes.length === 0) return
    this.#batches.observe(envelopes.length)
    const first = envelopes[0]!.seq
    const oldest = envelopes.reduce((least, { at }) => (at < least ? at : least), envelopes[0]!.at)
    this.#outboxAge.observe(Math.max(0, deviceNow - stampMs(oldest)) / 1000)
    const counts = new Map<string, number>()
    for (const { seq, status } of results) {
      const name = envelopes[seq - first]?.name ?? ''
      const key = `${findVerb(name) ? name : 'unknown'} ${status}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    for (const [key, count] of counts) {
      const [verb = '', outcome = ''] = key.split(' ')
      this.#mutations.inc({ verb, outcome }, count)
    }
  }

  /** `refusal` is a code of the catalogue. */
  pushRefused(refusal: string): void {
    this.#pushes.inc({ outcome: refusal })
  }

  pulled({ tables }: Pick<PullAnswer, 'tables'>): void {
    this.#pulls.observe(Object.values(tables).reduce((sum, { rows }) => sum + rows.length, 0))
  }

  committed(tookMs: number): void {
    this.#commits.observe(tookMs / 1000)
  }

  /** The clocks of two servers may differ by more than a message takes, so `tookMs` can be negative. */
  propagated(tookMs: number): void {
    this.#propagation.observe(Math.max(0, tookMs) / 1000)
  }

  /** Memory, processor, event loop and garbage collection of this process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry })
    for (const name of MISNAMED) this.registry.removeSingleMetric(name)
  }

  watch({ connections, busUp }: ProcessState): void {
    this.gauge('stockhand_websocket_connections', {
      help: 'Open sockets.',
      collect() {
        this.set(connections())
      },
    })
    this.gauge('stockhand_bus_up', {
      help: '1 while commits reach the other servers at once. Always 1 without Redis.',
      collect() {
        this.set(busUp() ? 1 : 0)
      },
    })
  }

  gauge<L extends string = string>(name: Name, config: Config<Gauge<L>, L>): Gauge<L> {
    return new Gauge<L>({ ...config, name, registers: [this.registry] })
  }

  #counter<L extends string>(name: Name, config: Config<Counter<L>, L>): Counter<L> {
    return new Counter<L>({ ...config, name, registers: [this.registry] })
  }

  #histogram<L extends string>(name: Name, config: Config<Histogram<L>, L> & { buckets: number[] }): Histogram<L> {
    return new Histogram<L>({ ...config, name, registers: [this.registry] })
  }
}

type Name = `stockhand_${string}`

interface Config<M, L extends string> {
  help: string
  labelNames?: L[]
  collect?: (this: M) => void
}
