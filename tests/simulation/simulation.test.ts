// The simulation. A seed determines a world: its people, devices, servers, faults and wrong clocks. Every world must
// keep the rules in checks/invariant-violation.ts. `npm run soak -- --seeds 2000` runs more.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { makePlan } from './plan.ts'
import { runPlan, runSeed } from './run-seed.ts'
import { SimulationStage } from './world/stage.ts'

const SEEDS = 200
const SEEDS_PER_TEST = 25
const REPEATED_SEEDS = [3, 4, 5, 57, 69, 84, 106, 134, 235, 242]

let database: TestDatabase
let stage: SimulationStage
beforeAll(async () => {
  database = await createTestDatabase()
  stage = new SimulationStage(database)
})
afterAll(async () => {
  await stage.close()
  await database.drop()
})

test('a seed leads to the same story twice', { timeout: 60_000 }, async () => {
  for (const seed of REPEATED_SEEDS) {
    const plan = makePlan(seed)
    const { story } = await runPlan(stage, plan)
    expect((await runPlan(stage, plan)).story).toEqual(story)
  }
})

for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1
  test(`seeds ${first} to ${last} keep every rule`, { timeout: 120_000 }, async () => {
    for (let seed = first; seed <= last; seed++) {
      const failure = await runSeed(stage, seed)
      expect(failure?.report).toBeUndefined()
    }
  })
}
