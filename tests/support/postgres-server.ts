// One PostgreSQL for a run of tests. Vitest starts it only when a test that needs it is among those selected.
import type { TestProject } from 'vitest/node'
import { startTemplateServer } from './template-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { ownerUrl: string; url: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { ownerUrl, url, stop } = await startTemplateServer()
  project.provide('postgres', { ownerUrl, url })
  return stop
}
