import { type DashboardPlan, stat } from './panels.ts'

export const systemHealth: DashboardPlan = {
  uid: 'stockhand-health',
  title: 'Stockhand: system health',
  description: 'Whether everything runs, and what will not for much longer.',
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        stat(
          'Servers for devices',
          'How many answer. None: people scan on, and nobody sees what others do.',
          'sum(up{job="stockhand", role="api"}) or vector(0)',
          { unit: 'short', limits: [1, 2], lessIsWorse: true },
        ),
        stat(
          'Workers',
          'How many run. None: no check of the ledger, and half of these panels are empty.',
          'sum(up{job="stockhand", role="worker"}) or vector(0)',
          { unit: 'short', limits: [1, 1], lessIsWorse: true },
        ),
        stat(
          'Alerts that fire',
          'Of Prometheus’ rules about the system. What each means is in docs/runbooks.',
          'count(ALERTS{alertstate="firing"}) or vector(0)',
          { unit: 'short', limits: [1, 2] },
        ),
        stat(
          'Age of the last backup',
          'Every night there should be one.',
          'time() - max(stockhand_backup_last_success_timestamp_seconds)',
          { unit: 'dtdurations', limits: [90_000, 93_600] },
        ),
        stat(
          'Ledger: what does not fit',
          'Places where stock is not the sum of its movements. Never any.',
          'max(stockhand_ledger_check_findings)',
          { unit: 'short', limits: [1, 1] },
        ),
        stat(
          'Certificate ends in',
          'It is renewed by itself. From its end on no device can send or receive.',
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
          description: '2xx is well, 4xx was refused with a reason, 5xx is the server’s fault and is tried again.',
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
          title: 'Requests that fail',
          description: 'The share that the server could not answer. Above a tenth somebody is told.',
          unit: 'percentunit',
          queries: [
            {
              expr:
                '(sum(rate(stockhand_http_request_duration_seconds_count{status=~"5.."}[$__rate_interval])) or vector(0))' +
                ' / sum(rate(stockhand_http_request_duration_seconds_count[$__rate_interval]))',
              legend: 'fail',
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
          title: 'Processor',
          description: 'Of one core. A server uses one core for itself and some of another for compression.',
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
          description: 'What a process holds. A line that only climbs is a leak.',
          unit: 'bytes',
          queries: [{ expr: 'process_resident_memory_bytes{job="stockhand"}', legend: '{{role}} {{instance}}' }],
        },
        {
          title: 'Event loop, slowest of a hundred',
          description: 'How long a process lets everybody wait because it is busy.',
          unit: 's',
          queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds{job="stockhand"}', legend: '{{role}} {{instance}}' }],
        },
      ],
    },
    {
      title: 'What servers stand on',
      height: 8,
      panels: [
        {
          title: 'Redis reached',
          description: '1: what one server commits, the others’ devices are told at once. 0: within 20 seconds.',
          unit: 'short',
          queries: [{ expr: 'stockhand_bus_up', legend: '{{instance}}' }],
        },
        {
          title: 'Replica behind',
          description: 'Where there is a read replica: how far it is behind. No device is shown the past.',
          unit: 's',
          queries: [{ expr: 'max(stockhand_replica_lag_seconds)', legend: 'replica' }],
        },
        {
          title: 'Disk free',
          description: 'The share that is left. Below a tenth somebody is told.',
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
          title: 'Jobs that wait or failed',
          description: 'What is done by the clock: checks, backups, messages.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (queue, state) (stockhand_queue_jobs{state=~"created|retry|active|failed"})',
              legend: '{{queue}} {{state}}',
            },
          ],
        },
        {
          title: 'The oldest job that waits',
          description: 'Above a quarter of an hour somebody is told.',
          unit: 's',
          queries: [{ expr: 'max by (queue) (stockhand_queue_oldest_job_age_seconds)', legend: '{{queue}}' }],
        },
        {
          title: 'Size of the last backup',
          description: 'A sudden drop means that something is no longer in it.',
          unit: 'bytes',
          queries: [{ expr: 'max(stockhand_backup_size_bytes)', legend: 'backup' }],
        },
      ],
    },
  ],
}
