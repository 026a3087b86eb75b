// Describes invalid arguments in a text that can be stored, because it quotes the request. Keeps M1, M3.
import type * as z from 'zod/mini'
import type { Refusal } from '../values/refuse.ts'
import { refuse } from '../values/refuse.ts'

/** More problems would not help anybody. */
const PROBLEMS_MAX = 5

export function refuseArgs({ issues }: z.core.$ZodError): Refusal<'bad_args'> {
  const problems = issues.slice(0, PROBLEMS_MAX).map(({ path, message }) => `${path.join('.')}: ${message}`)
  return refuse('bad_args', { problems: problems.map((problem) => problem.replaceAll('\u0000', '').toWellFormed()) })
}
