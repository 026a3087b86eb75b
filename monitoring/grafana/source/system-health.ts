import { type DashboardPlan, stat } from './panels.ts'

export const systemHealth: DashboardPlan = {
  uid: 'stockhand-health',
  title: 'Stockhand: system health',
  description: 'Whether everything is running, and what will soon fail.',
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        stat(
          'Servers for devices',
          'How many answer. Without one, people can still scan, but nobody sees the work of others.',
          'sum(up{job="stockhand", role="api"}) or vector(0)',
          { unit: 'short', limits: [1, 2], lessIsWorse: true },
        ),
        stat(
          'Workers',
          'How many are running. Without one, the ledger is not checked, and half of these panels are empty.',
          'sum(up{job="stockhand", role="worker"}) or vector(0)',
          { unit: 'short', limits: [1, 1], lessIsWorse: true },
        ),
        stat(
          'Firing alerts',
          'Alerts of Prometheus about the system. docs/runbooks explains each of them.',
          'count(ALERTS{alertstate="firing"}) or vector(0)',
          { unit: 'short', limits: [1, 2] },
        ),
        stat(
          'Age of the last backup',
          'There should be one every night.',
          'time() - max(stockhand_backup_last_success_timestamp_seconds)',
          { unit: 'dtdurations', limits: [90_000, 93_600] },
        ),
        stat(
          'Findings of the ledger check',
          'Positions that are not the sum of their movements, and changed log lines. Should be 0.',
          'max(stockhand_ledger_check_findings)',
          { unit: 'short', limits: [1, 1] },
        ),
        stat(
          'Certificate expires in',
          'It is renewed automatically. Once it has expired, no device can send or receive.',
          'min(stockhand_certificate_expiry_timestamp_seconds) - time()',
          { unit: 'dtdurations', limits: [259_200, 1_209_600], lessIsWorse: true },
        ),
      ],
    },
    {
      title: 'Requests',
      height: 8,
      panels: [
        {
          title: 'Requests by status',
          description: '2xx: succeeded. 4xx: refused with a reason. 5xx: failed in the server, and devices try again.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: 'sum by (status) (rate(stockhand_http_request_duration_seconds_count[$__rate_interval]))',
              legend: '{{status}}',
            },
          ],
        },
        {
          title: 'Failed requests',
          description: 'The share that the server could not answer. Above a tenth an alert fires.',
          unit: 'percentunit',
          queries: [
            {
              expr:
                '(sum(rate(stockhand_http_request_duration_seconds_count{status=~"5.."}[$__rate_interval])) or vector(0))' +
                ' / sum(rate(stockhand_http_request_duration_seconds_count[$__rate_interval]))',
              legend: 'failed',
            },
          ],
          limits: [0.02, 0.1],
        },
      ],
    },
    {
      title: 'Processes',
      height: 8,
      panels: [
        {
          title: 'CPU',
          description: 'As a share of one core. A server uses one core, and part of another for compression.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'rate(process_cpu_seconds_total{job="stockhand"}[$__rate_interval])',
              legend: '{{role}} {{instance}}',
            },
          ],
        },
        {
          title: 'Memory',
          description: 'Memory of a process. A line that only rises is a leak.',
          unit: 'bytes',
          queries: [{ expr: 'process_resident_memory_bytes{job="stockhand"}', legend: '{{role}} {{instance}}' }],
        },
        {
          title: 'Event loop delay, 99 %',
          description: 'How long all requests of a process wait because it is busy.',
          unit: 's',
          queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds{job="stockhand"}', legend: '{{role}} {{instance}}' }],
        },
      ],
    },
    {
      title: 'Dependencies',
      height: 8,
      panels: [
        {
          title: 'Redis connected',
          description: '1: commits of one server reach the devices of the others at once. 0: within 20 seconds.',
          unit: 'short',
          queries: [{ expr: 'stockhand_bus_up', legend: '{{instance}}' }],
        },
        {
          title: 'Replica lag',
          description: 'How far the read replica is behind, if there is one. Devices never get outdated stock.',
          unit: 's',
          queries: [{ expr: 'max(stockhand_replica_lag_seconds)', legend: 'replica' }],
        },
        {
          title: 'Free disk space',
          description: 'The free share. Below a tenth an alert fires.',
          unit: 'percentunit',
          queries: [{ expr: 'stockhand_disk_free_bytes / stockhand_disk_size_bytes', legend: '{{volume}}' }],
          limits: [0.1, 0.25],
          lessIsWorse: true,
        },
      ],
    },
    {
      title: 'Jobs',
      height: 8,
      panels: [
        {
          title: 'Waiting and failed jobs',
          description: 'Scheduled work: checks, backups, messages.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (queue, state) (stockhand_queue_jobs{state=~"created|retry|active|failed"})',
              legend: '{{queue}} {{state}}',
            },
          ],
        },
        {
          title: 'Oldest waiting job',
          description: 'Above a quarter of an hour an alert fires.',
          unit: 's',
          queries: [{ expr: 'max by (queue) (stockhand_queue_oldest_job_age_seconds)', legend: '{{queue}}' }],
        },
        {
          title: 'Size of the last backup',
          description: 'A sudden drop means that something is missing.',
          unit: 'bytes',
          queries: [{ expr: 'max(stockhand_backup_size_bytes)', legend: 'backup' }],
        },
      ],
    },
  ],
}
