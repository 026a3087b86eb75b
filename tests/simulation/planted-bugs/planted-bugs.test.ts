// The simulation catches each of the planted bugs within some seeds.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../support/postgres.ts'
import { createTestDatabase } from '../../support/postgres.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

/** Seeds after the one that last caught a bug: what a seed leads to changes with the simulation. */
const SEEDS_MAX = 80

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test.each(PLANTED_BUGS)('caught: $name', { timeout: 120_000 }, async ({ name, rules, seed }) => {
  const { code, output } = await soak('--bug', name, '--seed', String(seed), '--seeds', String(SEEDS_MAX), '--quick')
  expect(output).not.toMatch(/^Error|Cannot find/m)
  const rule = Number(/breaks rule (\d+)/.exec(output)?.[1])
  expect({ code, rule, output }).toMatchObject({ code: 1, rule: expect.toBeOneOf(rules) as number })
})

function soak(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { url, ownerUrl } = database
  const script = join(import.meta.dirname, '../soak.ts')
  const child = spawn(process.execPath, [script, ...args, '--url', url, '--owner', ownerUrl])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output: output.slice(0, 2_000) })))
}
