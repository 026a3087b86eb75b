// What needs a connection: the whole ledger, and the catalogue while this device still loads it.
import { createTRPCClient, httpLink } from '@trpc/client'
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import type { AppRouter } from '../../server/api/app-router.ts'

export type MovementPage = inferRouterOutputs<AppRouter>['movements']['list']
export type MovementEntry = MovementPage['rows'][number]
export type RemoteLookup = inferRouterOutputs<AppRouter>['catalogue']['lookup']

export type LedgerReport = inferRouterOutputs<AppRouter>['ledger']['check']

export type BackupEntry = inferRouterOutputs<AppRouter>['backups']['list'][number]

export class ApiClient {
  readonly #client
  readonly #version: () => number

  /** `version` is what this device holds: no answer may be older. */
  constructor(session: { token(): Promise<string | undefined> }, version: () => number) {
    this.#version = version
    this.#client = createTRPCClient<AppRouter>({
      links: [
        httpLink({ url: '/trpc', headers: async () => ({ authorization: `Bearer ${(await session.token()) ?? ''}` }) }),
      ],
    })
  }

  /** A page of movements, newest first. Rejects without a connection. */
  movements(filter: inferRouterInputs<AppRouter>['movements']['list']): Promise<MovementPage> {
    return this.#client.movements.list.query({ ...filter, atLeast: this.#version() })
  }

  /** The item that a code belongs to, or null. Rejects without a connection. */
  lookup(code: string): Promise<RemoteLookup> {
    return this.#client.catalogue.lookup.query({ code })
  }

  /** The backups of this installation, the newest first. Rejects without a connection, and for whoever is no manager. */
  backups(): Promise<BackupEntry[]> {
    return this.#client.backups.list.query()
  }

  /** Has a backup made soon; false where the newest was begun minutes ago. Rejects as `backups` does. */
  async askForBackup(): Promise<boolean> {
    return (await this.#client.backups.ask.mutate()).asked
  }

  /** Whether the ledger says what was written. Rejects without a connection, and for whoever is no manager. */
  checkLedger(): Promise<LedgerReport> {
    return this.#client.ledger.check.mutate()
  }
}
