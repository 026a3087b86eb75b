import type { DashboardPlan, Query } from './panels.ts'

export const syncPerformance: DashboardPlan = {
  uid: 'stockhand-sync',
  title: 'Stockhand: API and sync performance',
  description: 'How fast devices get answers, and how fast they see the work of others.',
  rows: [
    {
      title: 'Response times',
      height: 8,
      panels: [
        {
          title: 'Response time',
          description: 'All requests. Scanning does not wait for any of them.',
          unit: 's',
          queries: quantiles('stockhand_http_request_duration_seconds'),
          limits: [1, 2],
        },
        {
          title: 'Response time by route, 95 %',
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
          description: '4xx: refused with a reason. 5xx: failed in the server.',
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
          description: 'If they differ, the load balancer does not spread the load, or one server is new.',
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
          description:
            'Until all sockets of a server got it. This is the delay between two people who work next to each other.',
          unit: 's',
          queries: quantiles('stockhand_propagation_seconds'),
        },
        {
          title: 'Commit of the ledger',
          description: 'Including the wait for the lock of the organisation.',
          unit: 's',
          queries: quantiles('stockhand_commit_duration_seconds'),
        },
        {
          title: 'Mutations in a push',
          description: 'Large pushes come from devices that were offline.',
          unit: 'short',
          queries: [
            ...quantiles('stockhand_push_batch_mutations'),
            {
              expr:
                'sum(rate(stockhand_push_batch_mutations_sum[$__rate_interval])) ' +
                '/ sum(rate(stockhand_push_batch_mutations_count[$__rate_interval]))',
              legend: 'mean',
            },
          ],
        },
        {
          title: 'Rows in a pull',
          description: 'A first sync loads all rows, later ones only the changes.',
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
          description: 'After a server is replaced, its devices reconnect to the others within seconds.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: 'stockhand_websocket_connections', legend: '{{instance}}' }],
        },
        {
          title: 'Time spent on garbage collection',
          description: 'As a share of all time. Above a tenth, a process has too little memory.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum by (instance) (rate(nodejs_gc_duration_seconds_sum{job="stockhand"}[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Running versions',
          description: 'More than one for longer than a rolling update takes means that the update is stuck.',
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
    { expr: of(0.5), legend: 'median' },
    { expr: of(0.95), legend: '95 %' },
    { expr: of(0.99), legend: '99 %' },
  ]
}
