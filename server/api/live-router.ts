// The live subscription.
import { liveSchema } from '#shared/protocol/wire.ts'
import type { LiveMessage } from '#shared/protocol/wire.ts'
import { toTrpcError, viewerProcedure } from './trpc.ts'

export const live = viewerProcedure.input(liveSchema).subscription(async function* ({
  ctx,
  input,
  signal,
}): AsyncGenerator<LiveMessage> {
  try {
    const { person, viewer, parts } = ctx
    yield* parts.feed.subscribe(viewer, input, {
      signal: signal ?? new AbortController().signal,
      sessionId: person.sessionId,
      currentRole: () => parts.accounts.currentRole(person),
    })
  } catch (error) {
    throw toTrpcError(error)
  }
})
