// One runner for unit, property, server, simulation and gate tests. Playwright runs the browser tests. Tests that need
// PostgreSQL are a separate project, so that the others do not wait for it to start.
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
    // A test that hangs at its end is a bug to find, not to wait for.
    teardownTimeout: 15_000,
    // Ignores only the errors that the server itself survives. Vitest does not use the server's own listener.
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
