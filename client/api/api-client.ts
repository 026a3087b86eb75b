// Calls that need a connection: the whole ledger, backups, and the catalogue while this device still loads it.
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import type { AppRouter } from '../../server/api/app-router.ts'

export type MovementPage = inferRouterOutputs<AppRouter>['movements']['list']
export type MovementEntry = MovementPage['rows'][number]
export type RemoteLookup = inferRouterOutputs<AppRouter>['catalogue']['lookup']
export type LedgerReport = inferRouterOutputs<AppRouter>['ledger']['check']
export type BackupEntry = inferRouterOutputs<AppRouter>['backups']['list'][number]

export class ApiClient {
  readonly #session: { token(): Promise<string | undefined> }
  readonly #version: () => number

  /** `version`: the version that this device has. No answer may be older. */
  constructor(session: { token(): Promise<string | undefined> }, version: () => number) {
    this.#session = session
    this.#version = version
  }

  /** A page of movements, newest first. Rejects without a connection. */
  async movements(filter: inferRouterInputs<AppRouter>['movements']['list']): Promise<MovementPage> {
    const client = await this.#client()
    return client.movements.list.query({ ...filter, atLeast: this.#version() })
  }

  /** The item that a code belongs to, or null. Rejects without a connection. */
  async lookup(code: string): Promise<RemoteLookup> {
    const client = await this.#client()
    return client.catalogue.lookup.query({ code })
  }

  /** The backups of this installation, newest first. Rejects without a connection, and for anyone but managers. */
  async backups(): Promise<BackupEntry[]> {
    const client = await this.#client()
    return client.backups.list.query()
  }

  /** Requests a backup. Returns false if one was started in the last minutes. Rejects as `backups` does. */
  async askForBackup(): Promise<boolean> {
    const client = await this.#client()
    return (await client.backups.ask.mutate()).asked
  }

  /** Verifies the ledger. Rejects without a connection, and for anyone but managers. */
  async checkLedger(): Promise<LedgerReport> {
    const client = await this.#client()
    return client.ledger.check.mutate()
  }

  /** tRPC is loaded with the first call. */
  async #client() {
    const { createApiClient } = await import('./trpc-client.ts')
    return createApiClient(() => this.#session.token())
  }
}
