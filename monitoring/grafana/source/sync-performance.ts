import type { DashboardPlan, Query } from './panels.ts'

export const syncPerformance: DashboardPlan = {
  uid: 'stockhand-sync',
  title: 'Stockhand: API and sync performance',
  description: 'How fast devices are answered, and how fast one sees what another did.',
  rows: [
    {
      title: 'Answers',
      height: 8,
      panels: [
        {
          title: 'Time to answer',
          description: 'All requests. Scanning does not wait for any of them.',
          unit: 's',
          queries: quantiles('stockhand_http_request_duration_seconds'),
          limits: [1, 2],
        },
        {
          title: 'Time to answer by route, one of twenty is slower',
          description: 'The slowest ten.',
          unit: 's',
          queries: [
            {
              expr:
                'topk(10, histogram_quantile(0.95, sum by (route, le) ' +
                '(rate(stockhand_http_request_duration_seconds_bucket[$__rate_interval]))))',
              legend: '{{route}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Load',
      height: 8,
      panels: [
        {
          title: 'Requests by route',
          description: 'The busiest ten.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: 'topk(10, sum by (route) (rate(stockhand_http_request_duration_seconds_count[$__rate_interval])))',
              legend: '{{route}}',
            },
          ],
        },
        {
          title: 'Requests refused or failed, by route',
          description: '4xx with a reason, 5xx by the server’s fault.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr:
                'sum by (route, status) ' +
                '(rate(stockhand_http_request_duration_seconds_count{status=~"[45].."}[$__rate_interval]))',
              legend: '{{route}} {{status}}',
            },
          ],
        },
        {
          title: 'Requests by server',
          description: 'Uneven: the balancer does not share, or one server is new.',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (instance) (rate(stockhand_http_request_duration_seconds_count[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Sync',
      height: 8,
      panels: [
        {
          title: 'From a commit to the other devices',
          description: 'Until it was handed to all sockets of a server: what two people at one shelf notice.',
          unit: 's',
          queries: quantiles('stockhand_propagation_seconds'),
        },
        {
          title: 'Commit of the ledger',
          description: 'With the wait for the lock of the organisation.',
          unit: 's',
          queries: quantiles('stockhand_commit_duration_seconds'),
        },
        {
          title: 'Mutations in a push',
          description: 'Large ones come from devices that were offline.',
          unit: 'short',
          queries: [
            ...quantiles('stockhand_push_batch_mutations'),
            {
              expr:
                'sum(rate(stockhand_push_batch_mutations_sum[$__rate_interval])) ' +
                '/ sum(rate(stockhand_push_batch_mutations_count[$__rate_interval]))',
              legend: 'on average',
            },
          ],
        },
        {
          title: 'Rows in a pull',
          description: 'A first sync takes all, later ones take what changed.',
          unit: 'short',
          queries: quantiles('stockhand_pull_rows'),
        },
      ],
    },
    {
      title: 'Sockets and runtime',
      height: 8,
      panels: [
        {
          title: 'Sockets by server',
          description: 'After a server was replaced its devices spread over the others within seconds.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: 'stockhand_websocket_connections', legend: '{{instance}}' }],
        },
        {
          title: 'Time spent collecting garbage',
          description: 'Of all time. Above a tenth a process has too little memory.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum by (instance) (rate(nodejs_gc_duration_seconds_sum{job="stockhand"}[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Versions that run',
          description: 'More than one for longer than a rolling update takes: it is stuck.',
          unit: 'short',
          queries: [
            {
              expr: 'count by (version, protocol) (stockhand_build_info)',
              legend: '{{version}}, protocol {{protocol}}',
            },
          ],
        },
      ],
    },
  ],
}

function quantiles(histogram: string): Query[] {
  const of = (share: number) =>
    `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket[$__rate_interval])))`
  return [
    { expr: of(0.5), legend: 'half' },
    { expr: of(0.95), legend: 'all but one of twenty' },
    { expr: of(0.99), legend: 'all but one of a hundred' },
  ]
}
