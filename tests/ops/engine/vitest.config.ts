// `npm run test:ops`: what needs a Docker engine. Apart from `npm test`, which has no time for it.
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
