// Builds dashboards from rows of panels that query Prometheus. Guarantees: each panel has a title, a description of its
// meaning, a unit and a position; the types are Grafana's own.
import { type Dashboard, FieldColorModeId, type Panel, ThresholdsMode } from '@grafana/schema'

export interface Query {
  expr: string
  /** The name of the line. By default the labels of Prometheus. */
  legend?: string
}

export interface PanelPlan {
  title: string
  /** For people who see the panel for the first time. */
  description: string
  type?: 'timeseries' | 'stat' | 'bargauge'
  /** A unit of Grafana: s, bytes, short, percentunit, reqps, dtdurations. */
  unit: string
  queries: Query[]
  /** Yellow from the first value, red from the second; the other way round with `lessIsWorse`. */
  limits?: [number, number]
  lessIsWorse?: boolean
  stacked?: boolean
}

export interface DashboardPlan {
  uid: string
  title: string
  description: string
  rows: { title: string; height: number; panels: PanelPlan[] }[]
}

/** A single number from one query. */
export function stat(
  title: string,
  description: string,
  expr: string,
  look: Pick<PanelPlan, 'unit' | 'limits' | 'lessIsWorse'>,
): PanelPlan {
  return { title, description, type: 'stat', queries: [{ expr }], ...look }
}

const GRID_WIDTH = 24
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' }
const SCHEMA_VERSION = 41
/** JSON does not have minus infinity, so this becomes null, as in Grafana's own files. */
const LOWEST = Number.NEGATIVE_INFINITY

export function buildDashboard({ uid, title, description, rows }: DashboardPlan): Dashboard {
  const panels: Panel[] = []
  let y = 0
  for (const row of rows) {
    const width = Math.floor(GRID_WIDTH / row.panels.length)
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      gridPos: { x: 0, y, w: GRID_WIDTH, h: 1 },
    })
    y += 1
    for (const [index, plan] of row.panels.entries()) {
      const gridPos = { x: index * width, y, w: width, h: row.height }
      panels.push({ id: panels.length + 1, gridPos, ...buildPanel(plan) })
    }
    y += row.height
  }
  return {
    uid,
    title,
    description,
    tags: ['stockhand'],
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    graphTooltip: 1,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    timezone: 'browser',
    links: [
      {
        type: 'dashboards',
        title: 'Stockhand',
        tags: ['stockhand'],
        asDropdown: false,
        includeVars: false,
        keepTime: true,
        targetBlank: false,
        icon: '',
        tooltip: '',
        url: '',
      },
    ],
    panels,
  }
}

function buildPanel(plan: PanelPlan): Omit<Panel, 'id' | 'gridPos'> {
  const { title, description, type = 'timeseries', unit, queries } = plan
  return {
    type,
    title,
    description,
    datasource: DATASOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint('A'.codePointAt(0)! + index),
      datasource: DATASOURCE,
      expr,
      ...(legend !== undefined && { legendFormat: legend }),
      // A single number is the current value. A line covers the displayed time range.
      ...(type === 'timeseries' ? { range: true } : { instant: true, range: false }),
    })),
    fieldConfig: { defaults: { unit, min: 0, ...colours(plan), custom: custom(plan) }, overrides: [] },
    options: OPTIONS[type],
  }
}

const OPTIONS: Record<NonNullable<PanelPlan['type']>, Record<string, unknown>> = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: { colorMode: 'background', graphMode: 'none', reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'auto' },
  bargauge: { displayMode: 'basic', orientation: 'horizontal', reduceOptions: { calcs: ['lastNotNull'] } },
}

function colours({ limits, lessIsWorse = false }: PanelPlan) {
  if (!limits) return {}
  const [lowColor, highColor] = lessIsWorse ? ['red', 'green'] : ['green', 'red']
  const [first, second] = limits
  const steps = [
    { value: LOWEST, color: lowColor },
    { value: first, color: 'yellow' },
    { value: second, color: highColor },
  ]
  return { thresholds: { mode: ThresholdsMode.Absolute, steps }, color: { mode: FieldColorModeId.Thresholds } }
}

function custom({ type = 'timeseries', stacked = false }: PanelPlan) {
  if (type !== 'timeseries') return {}
  return { fillOpacity: stacked ? 30 : 8, showPoints: 'never', stacking: { mode: stacked ? 'normal' : 'none' } }
}
