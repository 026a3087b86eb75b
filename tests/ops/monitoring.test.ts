// Rules, dashboards and their configuration, as far as they can be checked without running them. stack.engine.test.ts
// (npm run test:ops) shows that they run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Dashboard, Panel } from '@grafana/schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { dashboardFiles } from '../../scripts/make-dashboards.ts'
import { metricNames, promqlErrors } from './support/promql.ts'
import { servedMetrics } from './support/served-metrics.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PROMETHEUS = join(ROOT, 'monitoring/prometheus')
const DASHBOARDS = join(ROOT, 'monitoring/grafana/dashboards')
/** Series of Prometheus itself. */
const PROMETHEUS_SERIES = ['up', 'ALERTS']
/** Series of Kubernetes about its volumes. */
const KUBELET_SERIES = ['kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes']

interface Rule {
  alert: string
  expr: string
  labels: Record<string, string>
  annotations: Record<string, string>
}
interface RuleTest {
  name: string
  promql_expr_test?: { expr: string; exp_samples: unknown[] }[]
  alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[]
}

const read = <T>(path: string) => parse(readFileSync(join(ROOT, path), 'utf8')) as T
const rules = read<{ groups: { rules: Rule[] }[] }>('monitoring/prometheus/rules/stockhand.yml').groups.flatMap(
  (group) => group.rules,
)
const known = new Set([...servedMetrics(), ...PROMETHEUS_SERIES, ...KUBELET_SERIES])

describe('rules', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s states its meaning, severity and remedy, and uses metrics that exist',
    (_name, { expr, labels, annotations }) => {
      expect(['critical', 'warning']).toContain(labels['severity'])
      expect(annotations['summary']?.length).toBeGreaterThan(10)
      expect(annotations['description']?.length).toBeGreaterThan(80)
      expect(annotations['runbook_url']).toMatch(/^docs\/runbooks\/[a-z-]+\.md$/)
      expect(existsSync(join(ROOT, annotations['runbook_url']!))).toBe(true)
      expect(promqlErrors(expr)).toEqual([])
      expect(metricNames(expr).filter((name) => !known.has(name))).toEqual([])
    },
  )

  it('have a test that fires and a test that does not', () => {
    const { tests } = read<{ tests: RuleTest[] }>('monitoring/prometheus/tests/stockhand.test.yml')
    const questions = tests.flatMap(({ promql_expr_test: asked = [] }) => asked)
    const asks = (alert: string, fires: boolean) =>
      questions.some(({ expr, exp_samples: samples }) => {
        const matcher = /alertname=(~?)"([^"]+)"/.exec(expr)!
        const named = matcher[1] === '~' ? new RegExp(`^(?:${matcher[2]})$`).test(alert) : matcher[2] === alert
        return named && samples.length > 0 === fires
      })
    expect(rules.filter(({ alert }) => !asks(alert, true)).map(({ alert }) => alert)).toEqual([])
    expect(rules.filter(({ alert }) => !asks(alert, false)).map(({ alert }) => alert)).toEqual([])
  })

  it('use every runbook, and each runbook names its alert', () => {
    const named = new Set(rules.map(({ annotations }) => annotations['runbook_url']))
    expect(new Set(readdirSync(join(ROOT, 'docs/runbooks')).map((name) => `docs/runbooks/${name}`))).toEqual(named)
    for (const { alert, annotations } of rules)
      expect(readFileSync(join(ROOT, annotations['runbook_url']!), 'utf8'), alert).toContain(`\`${alert}\``)
  })
})

describe('promtool', () => {
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' })
    if (error) throw new Error(`promtool is missing (apt-get install prometheus): ${error.message}`)
    return { status, output: `${stdout}${stderr}` }
  }

  it('accepts the configuration and the rules', () => {
    expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({
      status: 0,
      output: expect.stringContaining(`${rules.length} rules found`),
    })
  })

  it('passes the tests of the rules', () => {
    expect(promtool('test', 'rules', 'tests/stockhand.test.yml')).toMatchObject({ status: 0 })
  }, 60_000)

  it('finds a rule that no longer fires', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rules-'))
    try {
      const text = readFileSync(join(PROMETHEUS, 'rules/stockhand.yml'), 'utf8')
      writeFileSync(join(folder, 'stockhand.yml'), text.replace('stockhand_bus_up == 0', 'stockhand_bus_up == 2'))
      const tests = readFileSync(join(PROMETHEUS, 'tests/stockhand.test.yml'), 'utf8')
      const start = tests.indexOf('  - name: StockhandBusDown')
      const head = tests.slice(0, tests.indexOf('  - name:')).replace('../rules/', '')
      writeFileSync(join(folder, 'test.yml'), head + tests.slice(start, tests.indexOf('  - name:', start + 1)))
      expect(promtool('test', 'rules', join(folder, 'test.yml'))).toMatchObject({
        status: 1,
        output: expect.stringContaining('StockhandBusDown'),
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('Alertmanager', () => {
  const config = read<{
    route: { receiver: string }
    receivers: { name: string }[]
    inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[]
  }>('monitoring/alertmanager/alertmanager.yml')

  it('sends to a receiver that exists, also after the replacement by start.sh', () => {
    const names = config.receivers.map(({ name }) => name)
    expect(names).toContain(config.route.receiver)
    const script = readFileSync(join(ROOT, 'monitoring/alertmanager/start.sh'), 'utf8')
    const [, replaced, receiver] = /s\/\^ {2}receiver: (\w+)\$\/ {2}receiver: (\w+)\//.exec(script)!
    expect(replaced).toBe(config.route.receiver)
    expect(names).toContain(receiver)
  })

  it('inhibits only alerts that exist, by alerts that exist', () => {
    const names = config.inhibit_rules
      .flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers])
      .flatMap((matcher) => /"(.*)"/.exec(matcher)![1]!.split('|'))
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([])
  })
})

describe('dashboards', () => {
  const files = dashboardFiles()
  const panels = Object.entries(files).flatMap(([file, text]) =>
    ((JSON.parse(text) as Dashboard).panels as Panel[]).map((panel) => ({ file, panel })),
  )
  const asking = panels.filter(({ panel }) => panel.type !== 'row')

  it('are up to date with their sources: npm run dashboards', () => {
    const written = readdirSync(DASHBOARDS).map((name) => [name, readFileSync(join(DASHBOARDS, name), 'utf8')])
    expect(Object.fromEntries(written)).toEqual(files)
  })

  it('have unique addresses, and panels that do not overlap', () => {
    const uids = Object.values(files).map((text) => (JSON.parse(text) as Dashboard).uid)
    expect(new Set(uids).size).toBe(uids.length)
    for (const { file, panel } of panels) {
      const { x, w } = panel.gridPos!
      expect(x + w, `${file}: ${panel.title}`).toBeLessThanOrEqual(24)
      const others = panels.filter((one) => one.file === file && one.panel !== panel)
      expect(others.filter((one) => overlaps(one.panel, panel)).map((one) => one.panel.title)).toEqual([])
      expect(others.some((one) => one.panel.id === panel.id)).toBe(false)
    }
  })

  it.each(asking.map(({ file, panel }) => [`${file}: ${panel.title}`, panel] as const))(
    '%s has a description and queries series that exist',
    (_name, panel) => {
      expect(panel.description?.length).toBeGreaterThan(10)
      expect(panel.fieldConfig?.defaults.unit).toBeDefined()
      const queries = panel.targets!.map((target) => String(target['expr']))
      expect(queries.length).toBeGreaterThan(0)
      for (const query of queries) {
        const plain = query.replaceAll('$__rate_interval', '1m')
        expect(promqlErrors(plain), query).toEqual([])
        expect(metricNames(plain).filter((name) => !known.has(name), query)).toEqual([])
      }
    },
  )

  it('use the provisioned data source', () => {
    const { datasources } = read<{ datasources: { uid: string; type: string }[] }>(
      'monitoring/grafana/provisioning/datasources/prometheus.yml',
    )
    const sources = asking.map(({ panel }) => panel.datasource)
    expect(datasources.map(({ uid, type }) => ({ type, uid }))).toEqual(expect.arrayContaining(sources))
  })
})

it('an invalid query and an unknown metric are found', () => {
  expect(promqlErrors('sum by (le (rate(up[5m]))')).not.toEqual([])
  expect(metricNames('rate(stockhand_no_such_total{a="b"}[5m]) / on () group_left up')).toEqual([
    'stockhand_no_such_total',
    'up',
  ])
  expect(known.has('stockhand_no_such_total')).toBe(false)
})

function overlaps({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a!.x < b!.x + b!.w && b!.x < a!.x + a!.w && a!.y < b!.y + b!.h && b!.y < a!.y + a!.h
}
