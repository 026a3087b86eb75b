// The shape that tRPC gives its errors, for those that happen outside it.
import type { ApiRefusal } from '../api/trpc.ts'

export function errorBody({ message, code, refusal }: ApiRefusal) {
  return { error: { message, code: -32600, data: { code, refusal } } }
}
