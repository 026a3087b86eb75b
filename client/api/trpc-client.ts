// The typed tRPC client of the signed-in person. In a chunk of its own, loaded with the first call.
import { createTRPCClient, httpLink } from '@trpc/client'
import type { AppRouter } from '../../server/api/app-router.ts'

export function createApiClient(token: () => Promise<string | undefined>) {
  const headers = async () => ({ authorization: `Bearer ${(await token()) ?? ''}` })
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: '/trpc', headers })] })
}
