// The live subscription.
import { liveSchema } from '#shared/protocol/wire.ts'
import type { LiveMessage } from '#shared/protocol/wire.ts'
import { toRefused, viewerProcedure } from './trpc.ts'

export const live = viewerProcedure.input(liveSchema).subscription(async function* ({
  ctx,
  input,
  signal,
}): AsyncGenerator<LiveMessage> {
  try {
    yield* ctx.parts.feed.subscribe(ctx.viewer, input, signal ?? new AbortController().signal)
  } catch (error) {
    throw toRefused(error)
  }
})
