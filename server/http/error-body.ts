// The shape that tRPC gives its errors, for errors outside it.
import { trpcCodeOf } from '../api/trpc.ts'
import type { RequestRefusedError } from '../process/request-refused.ts'

export function errorBody(refused: RequestRefusedError) {
  const { message, refusal } = refused
  return { error: { message, code: -32600, data: { code: trpcCodeOf(refused), refusal } } }
}
