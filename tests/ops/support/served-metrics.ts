// The names of all series that our processes serve, read from their definitions.
import pino from 'pino'
import { InstallationGauges } from '../../../server/metrics/installation-gauges.ts'
import { Metrics } from '../../../server/metrics/metrics.ts'

const HISTOGRAM_SERIES = ['_bucket', '_sum', '_count']

export function servedMetrics(): string[] {
  const metrics = new Metrics({ version: '0', protocol: 0 })
  metrics.watchProcess()
  metrics.watch({ connections: () => 0, busUp: () => true })
  // Nothing is read here, because the gauges are only registered.
  const nothing = undefined as never
  void new InstallationGauges(metrics, {
    database: nothing,
    replica: undefined,
    publicUrl: 'http://localhost',
    volumes: {},
    alertKinds: [],
    log: pino({ level: 'silent' }),
  })
  return metrics.registry.getMetricsAsArray().flatMap((metric) => {
    const { name, type } = metric as unknown as { name: string; type: string }
    const isHistogram = type === 'histogram' || 'buckets' in metric
    return isHistogram ? HISTOGRAM_SERIES.map((series) => `${name}${series}`) : [name]
  })
}
