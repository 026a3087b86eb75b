// What needs a connection: the whole ledger, and the catalogue while this device still loads it.
import { createTRPCClient, httpLink } from '@trpc/client'
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import type { AppRouter } from '../../server/api/app-router.ts'

export type MovementPage = inferRouterOutputs<AppRouter>['movements']['list']
export type MovementRow = MovementPage['rows'][number]
export type LookedUp = inferRouterOutputs<AppRouter>['catalogue']['lookup']

export type LedgerReport = inferRouterOutputs<AppRouter>['ledger']['check']

export class Remote {
  readonly #client

  constructor(session: { token(): Promise<string | undefined> }) {
    this.#client = createTRPCClient<AppRouter>({
      links: [
        httpLink({ url: '/trpc', headers: async () => ({ authorization: `Bearer ${(await session.token()) ?? ''}` }) }),
      ],
    })
  }

  /** A page of movements, newest first. Rejects without a connection. */
  movements(filter: inferRouterInputs<AppRouter>['movements']['list']): Promise<MovementPage> {
    return this.#client.movements.list.query(filter)
  }

  /** The item that a code belongs to, or null. Rejects without a connection. */
  lookup(code: string): Promise<LookedUp> {
    return this.#client.catalogue.lookup.query({ code })
  }

  /** Whether the ledger says what was written. Rejects without a connection, and for whoever is no manager. */
  checkLedger(): Promise<LedgerReport> {
    return this.#client.ledger.check.mutate()
  }
}
