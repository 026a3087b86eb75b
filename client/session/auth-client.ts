// The typed tRPC client for signing in and renewing a session. In a chunk of its own: nothing of it is needed to show the
// stored data of a person who is already signed in.
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client'
import type { AppRouter } from '../../server/api/app-router.ts'

export const authClient = createTRPCClient<AppRouter>({ links: [httpLink({ url: '/trpc' })] })

/** What the server said about a request that failed. All undefined if it could not be reached. */
export interface AuthFailure {
  status: number | undefined
  refusal: string | undefined
  retryAfterS: number | undefined
}

export function authFailure(error: unknown): AuthFailure {
  if (!(error instanceof TRPCClientError)) return { status: undefined, refusal: undefined, retryAfterS: undefined }
  const { httpStatus: status, refusal } = (error.data ?? {}) as { httpStatus?: number; refusal?: string }
  const response = error.meta?.response
  const seconds = response instanceof Response ? Number(response.headers.get('retry-after')) : 0
  return { status, refusal, retryAfterS: seconds > 0 ? seconds : undefined }
}
