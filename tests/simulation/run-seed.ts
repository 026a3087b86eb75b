// Runs the world of a seed. If it breaks a rule, shrinks the plan and reports the remaining steps as a story.
import type { InvariantViolation } from './checks/invariant-violation.ts'
import type { Plan } from './plan.ts'
import { makePlan } from './plan.ts'
import { shrink } from './shrink.ts'
import type { SimulationStage } from './world/stage.ts'
import { World } from './world/world.ts'

export interface Failure {
  seed: number
  error: Error & Partial<InvariantViolation>
  /** The steps that remain of the plan, as sentences. */
  report: string
}

/** Returns undefined if every rule was kept. */
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
    ...small.devices.map(({ role, skewMs }, i) => `  device ${i + 1} of a ${role}, with its clock ${skewMs} ms off`),
    ...story.map((sentence) => `  - ${sentence}`),
    ...(error.rule === undefined ? [error.stack ?? ''] : []),
  ].join('\n')
  return { seed, error, report }
}

interface PlanResult {
  /** Undefined if every rule was kept. */
  error?: Failure['error']
  story: string[]
}

/** Runs a plan once. */
export async function runPlan(stage: SimulationStage, plan: Plan): Promise<PlanResult> {
  const world = new World(stage, plan)
  try {
    await world.run()
    return { story: world.story }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)), story: world.story }
  }
}

async function failureOf(stage: SimulationStage, plan: Plan): Promise<Required<PlanResult> | undefined> {
  const { error, story } = await runPlan(stage, plan)
  return error && { error, story }
}
