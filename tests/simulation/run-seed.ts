// Runs the world of a seed; where it breaks a rule, shrinks its plan and tells what is left as a story.
import type { InvariantViolation } from './checks/invariant-violation.ts'
import type { Plan } from './plan.ts'
import { makePlan } from './plan.ts'
import { shrink } from './shrink.ts'
import type { SimulationStage } from './world/stage.ts'
import { World } from './world/world.ts'

export interface Failure {
  seed: number
  error: Error & Partial<InvariantViolation>
  /** What remains of the plan, as sentences. */
  report: string
}

/** Undefined where every rule held. */
export async function runSeed(
  stage: SimulationStage,
  seed: number,
  { shrinks = true } = {},
): Promise<Failure | undefined> {
  const plan = makePlan(seed)
  const first = await failureOf(stage, plan)
  if (!first) return undefined
  const small = !shrinks
    ? plan
    : await shrink(plan, async (candidate) => {
        const failed = await failureOf(stage, candidate)
        return failed !== undefined && failed.error.rule === first.error.rule
      })
  const { error, story } = (shrinks ? await failureOf(stage, small) : undefined) ?? first
  const report = [
    `seed ${seed} breaks ${error.message}`,
    `again: npm run soak -- --seed ${seed} --seeds 1`,
    `its ${plan.steps.length} steps, shrunk to ${small.steps.length}:`,
    ...small.devices.map(
      ({ role, skewMs }, i) => `  device ${i + 1} of a ${role}, its clock ${skewMs} ms beside the truth`,
    ),
    ...story.map((sentence) => `  - ${sentence}`),
    ...(error.rule === undefined ? [error.stack ?? ''] : []),
  ].join('\n')
  return { seed, error, report }
}

interface Lived {
  /** Undefined where every rule held. */
  error?: Failure['error']
  story: string[]
}

/** Lives through a plan, once. */
export async function live(stage: SimulationStage, plan: Plan): Promise<Lived> {
  const world = new World(stage, plan)
  try {
    await world.live()
    return { story: world.story }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)), story: world.story }
  }
}

async function failureOf(stage: SimulationStage, plan: Plan): Promise<Required<Lived> | undefined> {
  const { error, story } = await live(stage, plan)
  return error && { error, story }
}
