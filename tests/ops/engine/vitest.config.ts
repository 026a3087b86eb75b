// `npm run test:ops`: the tests that need a Docker engine. Separate from `npm test` because they take too long for it.
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, '../../..'),
    include: ['tests/ops/engine/*.engine.test.ts'],
    globalSetup: ['tests/ops/engine/global-setup.ts'],
    // They share one engine and one machine.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
  },
})
