// One PostgreSQL for all journeys. The tests get its address from the environment.
import { startTemplateServer } from '../../support/template-server.ts'

export default async function setup(): Promise<() => Promise<void>> {
  const { ownerUrl, url, stop } = await startTemplateServer()
  process.env['E2E_OWNER_URL'] = ownerUrl
  process.env['E2E_APP_URL'] = url
  return stop
}
