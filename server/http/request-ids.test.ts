import { expect, test } from 'vitest'
import { requestIdsOf } from './request-ids.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const idsOf = (headers: Record<string, string>) => requestIdsOf({ headers })

test('a request keeps the id and the trace that it was sent with', () => {
  expect(idsOf({ 'x-request-id': 'f058-ab12', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })).toEqual({
    request: 'f058-ab12',
    trace: TRACE,
  })
  expect(idsOf({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })).toEqual({ request: TRACE, trace: TRACE })
})

test('a request without ids gets a new one for both', () => {
  const { request, trace } = idsOf({})
  expect(trace).toMatch(/^[\da-f]{32}$/)
  expect(request).toBe(trace)
  expect(idsOf({}).request).not.toBe(request)
})

test.each([
  'short',
  'a'.repeat(65),
  'two words here',
  'broken"json\nline',
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])('ids that are not well-formed are ignored: %j', (text) => {
  expect(idsOf({ traceparent: text }).trace).not.toBe(TRACE)
  if (!text.startsWith('00-') && !text.startsWith('ff-'))
    expect(idsOf({ 'x-request-id': text }).request).toMatch(/^[\da-f]{32}$/)
})
