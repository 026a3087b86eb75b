// Shrinking: finds a small part of a plan that still fails, by delta debugging (Zeller, "Yesterday, my program
// worked").
import type { Plan } from './plan.ts'

/** Each try runs a whole world. A story with a few steps too many is still readable. */
const TRIES_MAX = 80

export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let { steps } = plan
  let tries = 0
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = steps.length - size; from > -size && tries < TRIES_MAX; from -= size) {
      const start = Math.max(0, from)
      const fewer = steps.toSpliced(start, from + size - start)
      tries += 1
      if (await fails({ ...plan, steps: fewer })) steps = fewer
    }
  }
  return { ...plan, steps }
}
