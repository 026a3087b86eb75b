// The shape that tRPC gives its errors, for those that happen outside it.
import type { Refused } from '../api/trpc.ts'

export function errorBody({ message, code, refusal }: Refused) {
  return { error: { message, code: -32600, data: { code, refusal } } }
}
