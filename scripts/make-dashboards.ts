// `npm run dashboards`: writes Grafana's dashboards from their sources in monitoring/grafana/source. The results are in
// the repository because Grafana reads only them. tests/ops checks that they are up to date.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inventoryOverview } from '../monitoring/grafana/source/inventory-overview.ts'
import { buildDashboard, type DashboardPlan } from '../monitoring/grafana/source/panels.ts'
import { syncPerformance } from '../monitoring/grafana/source/sync-performance.ts'
import { systemHealth } from '../monitoring/grafana/source/system-health.ts'

const FOLDER = join(import.meta.dirname, '../monitoring/grafana/dashboards')
const PLANS: Record<string, DashboardPlan> = {
  'system-health.json': systemHealth,
  'inventory-overview.json': inventoryOverview,
  'sync-performance.json': syncPerformance,
}

/** The name and text of each file. */
export function dashboardFiles(): Record<string, string> {
  const texts = Object.entries(PLANS).map(([name, plan]) => [
    name,
    `${JSON.stringify(buildDashboard(plan), null, 2)}\n`,
  ])
  return Object.fromEntries(texts) as Record<string, string>
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(dashboardFiles())) writeFileSync(join(FOLDER, name), text)
}
