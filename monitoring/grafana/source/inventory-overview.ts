import { type DashboardPlan, stat } from './panels.ts'

export const inventoryOverview: DashboardPlan = {
  uid: 'stockhand-inventory',
  title: 'Stockhand: inventory overview',
  description: 'Stock and activity, summed over all organisations.',
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        stat('Items', 'Items in use, not archived.', 'max(stockhand_items)', { unit: 'short' }),
        stat('Below their level', 'Items with less stock than their low level.', 'max(stockhand_items_below_level)', {
          unit: 'short',
        }),
        stat(
          'Share below their level',
          'Above a fifth an alert fires.',
          'max(stockhand_items_below_level) / max(stockhand_items)',
          { unit: 'percentunit', limits: [0.1, 0.2] },
        ),
        stat('Devices connected', 'Devices that get changes at once.', 'sum(stockhand_websocket_connections)', {
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
          description: 'Alerts about stock that nobody has acknowledged.',
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
          title: 'Mutations by verb',
          description: 'What people receive, withdraw, move and count.',
          unit: 'ops',
          stacked: true,
          queries: [{ expr: 'sum by (verb) (rate(stockhand_mutations_total[$__rate_interval]))', legend: '{{verb}}' }],
        },
        {
          title: 'Mutations by outcome',
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
          description: 'Devices that sent something in that period.',
          type: 'bargauge',
          unit: 'short',
          queries: [{ expr: 'max by (within) (stockhand_devices_seen)', legend: '{{within}}' }],
        },
        {
          title: 'How long mutations were pending',
          description:
            'From the action on a device to its arrival here. Other people saw the stock without it for that long.',
          unit: 's',
          queries: [
            {
              expr: 'histogram_quantile(0.5, sum by (le) (rate(stockhand_outbox_age_seconds_bucket[$__rate_interval])))',
              legend: 'median',
            },
            {
              expr: 'histogram_quantile(0.95, sum by (le) (rate(stockhand_outbox_age_seconds_bucket[$__rate_interval])))',
              legend: '95 %',
            },
          ],
        },
        {
          title: 'Pushes',
          description: 'Requests of devices by outcome: taken, or the code of their refusal.',
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
