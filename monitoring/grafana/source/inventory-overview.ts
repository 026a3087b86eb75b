import { type DashboardPlan, stat } from './panels.ts'

export const inventoryOverview: DashboardPlan = {
  uid: 'stockhand-inventory',
  title: 'Stockhand: inventory overview',
  description: 'What is kept and done, summed over all organisations.',
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        stat('Items', 'Items in use, not archived.', 'max(stockhand_items)', { unit: 'short' }),
        stat(
          'Below their level',
          'Items of which less is there than somebody said there should be.',
          'max(stockhand_items_below_level)',
          { unit: 'short' },
        ),
        stat(
          'Share below their level',
          'Above a fifth somebody is told.',
          'max(stockhand_items_below_level) / max(stockhand_items)',
          { unit: 'percentunit', limits: [0.1, 0.2] },
        ),
        stat('Devices connected', 'Devices that are told of changes at once.', 'sum(stockhand_websocket_connections)', {
          unit: 'short',
        }),
      ],
    },
    {
      title: 'Stock',
      height: 8,
      panels: [
        {
          title: 'Items below their level',
          description: 'Falls when deliveries are received.',
          unit: 'short',
          queries: [{ expr: 'max(stockhand_items_below_level)', legend: 'below level' }],
        },
        {
          title: 'Open alerts',
          description: 'Alerts about stock that nobody has taken on yet.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: 'max by (kind) (stockhand_alerts_open)', legend: '{{kind}}' }],
        },
      ],
    },
    {
      title: 'Work',
      height: 8,
      panels: [
        {
          title: 'What is done',
          description: 'Mutations by verb: what people receive, withdraw, move and count.',
          unit: 'ops',
          stacked: true,
          queries: [{ expr: 'sum by (verb) (rate(stockhand_mutations_total[$__rate_interval]))', legend: '{{verb}}' }],
        },
        {
          title: 'What became of it',
          description: 'Applied, repeated, or refused with a reason that the device shows.',
          unit: 'ops',
          stacked: true,
          queries: [
            { expr: 'sum by (outcome) (rate(stockhand_mutations_total[$__rate_interval]))', legend: '{{outcome}}' },
          ],
        },
      ],
    },
    {
      title: 'Devices',
      height: 8,
      panels: [
        {
          title: 'Devices seen within',
          description: 'Devices that sent something in that time.',
          type: 'bargauge',
          unit: 'short',
          queries: [{ expr: 'max by (within) (stockhand_devices_seen)', legend: '{{within}}' }],
        },
        {
          title: 'How long work waited on devices',
          description: 'From the doing to the arriving: how old other people’s picture of the stock was.',
          unit: 's',
          queries: [
            {
              expr: 'histogram_quantile(0.5, sum by (le) (rate(stockhand_outbox_age_seconds_bucket[$__rate_interval])))',
              legend: 'half',
            },
            {
              expr: 'histogram_quantile(0.95, sum by (le) (rate(stockhand_outbox_age_seconds_bucket[$__rate_interval])))',
              legend: 'all but one of twenty',
            },
          ],
        },
        {
          title: 'Pushes',
          description: 'What became of what devices sent: taken, or why not.',
          unit: 'ops',
          stacked: true,
          queries: [
            { expr: 'sum by (outcome) (rate(stockhand_pushes_total[$__rate_interval]))', legend: '{{outcome}}' },
          ],
        },
      ],
    },
  ],
}
