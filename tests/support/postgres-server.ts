// One PostgreSQL for a run of tests. Vitest starts it only when a test that needs it is among those selected.
import type { TestProject } from 'vitest/node'
import type {} from './postgres.ts' // what is provided, by name
import { startTemplateServer } from './template-server.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { ownerUrl, url, stop } = await startTemplateServer()
  project.provide('postgres', { ownerUrl, url })
  return stop
}
