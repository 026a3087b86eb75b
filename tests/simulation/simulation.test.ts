// The simulation: seeds, each of which is a world with its own people, devices, servers, faults and wrong clocks.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { makePlan } from './plan.ts'
import { Stage } from './stage.ts'
import { World } from './world.ts'

let database: TestDatabase
let stage: Stage

beforeAll(async () => {
  database = await createTestDatabase()
  stage = new Stage(database)
})
afterAll(async () => {
  await stage.close()
  await database.drop()
})

test('every seed keeps every rule', { timeout: 240_000 }, async () => {
  const start = performance.now()
  for (let seed = Number(process.env.SEED ?? 1); seed <= Number(process.env.TO ?? 10); seed++) {
    const world = new World(stage, makePlan(seed))
    try {
      await world.live()
    } catch (error) {
      console.log([`seed ${seed}`, ...world.story, String(error)].join('\n'))
      throw error
    }
  }
  console.log(performance.now() - start)
  expect(1).toBe(1)
})
