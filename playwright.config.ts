// Journeys in real Chromium, with the production build and its service worker, real servers and a real PostgreSQL.
import { defineConfig } from '@playwright/test'
import { CHROMIUM } from './tests/support/chromium.ts'

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '*.test.ts',
  globalSetup: './tests/e2e/support/global-setup.ts',
  // One at a time, because each journey runs a server, a database and up to three browsers on two cores.
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  outputDir: '.cache/e2e',
  use: {
    browserName: 'chromium',
    viewport: { width: 360, height: 640 },
    locale: 'en-GB',
    trace: 'retain-on-failure',
    launchOptions: CHROMIUM,
  },
})
