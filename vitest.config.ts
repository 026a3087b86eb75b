// One runner for unit, property, server, simulation and gate tests; those in the browser are Playwright's. Tests that
// need PostgreSQL are a project of their own, so that the others never wait for one to start.
import { defineConfig } from 'vitest/config'
import { isOrphanedError } from './server/database/postgres-js-workarounds/orphaned-errors.ts'

const needsPostgres = [
  '{client,server,shared,tests,bench,functions}/**/*.pg.test.{ts,tsx}',
  'tests/simulation/**/*.test.ts',
]
const elsewhere = ['node_modules/**', 'dist/**', 'tests/e2e/**', 'tests/ops/engine/**']
const limits = { testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    // A test that hangs at its end is a bug to be seen, not waited for.
    teardownTimeout: 15_000,
    // What the server itself outlives, and nothing else: its own listener runs beside Vitest's.
    onUnhandledError: (error) => (isOrphanedError(error) ? false : undefined),
    projects: [
      {
        test: {
          ...limits,
          name: 'memory',
          include: ['{client,server,shared,tests,scripts,bench,functions}/**/*.test.{ts,tsx}'],
          exclude: [...elsewhere, ...needsPostgres],
        },
      },
      {
        test: {
          ...limits,
          name: 'postgres',
          include: needsPostgres,
          exclude: elsewhere,
          globalSetup: ['tests/support/postgres-server.ts'],
        },
      },
    ],
  },
})
