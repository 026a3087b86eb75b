// One PostgreSQL for a run of the tests. Vitest starts it only if a selected test needs it.
import type { TestProject } from 'vitest/node'
import type {} from './postgres.ts' // declares the type of the provided value
import { startTemplateServer } from './template-server.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { ownerUrl, url, stop } = await startTemplateServer()
  project.provide('postgres', { ownerUrl, url })
  return stop
}
