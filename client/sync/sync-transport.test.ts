import { expect, test } from 'vitest'
import { requestRefusals } from '#shared/values/refusals.ts'
import { RequestError } from './sync-transport.ts'

test.each(Object.entries(requestRefusals))(
  '[D11] %s means retry later if its status says so',
  (refusal, { status }) => {
    expect(new RequestError({ refusal }).isRetryLater).toBe(status === 429 || status === 503)
  },
)
