// `npm run dashboards`: writes Grafana's dashboards from their sources in monitoring/grafana/source. The written ones are
// kept in the repository, since Grafana reads nothing else; tests/ops sees that they are as new as their sources.
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

/** Each file's name and text. */
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
