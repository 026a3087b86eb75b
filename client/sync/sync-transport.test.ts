import { expect, test } from 'vitest'
import { requestRefusals } from '#shared/values/refusals.ts'
import { LinkFailure } from './sync-transport.ts'

test.each(Object.entries(requestRefusals))('[D11] %s asks for time if its status says so', (refusal, { status }) => {
  expect(new LinkFailure({ refusal }).asksForTime).toBe(status === 429 || status === 503)
})
