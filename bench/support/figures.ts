// Medians, percentiles, and a table of figures with their limits.
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export interface Figure {
  what: string
  measured: string
  /** The limit of the machine itself, measured in the same run. */
  limit: string
  goal: string
  met: boolean
}

/** Returns a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, measured, limit, goal, met }) =>
      `| ${what} | ${measured} | ${limit} | ${goal} | ${met ? 'yes' : '**no**'} |`,
  )
  return ['| what | measured | limit in the same run | goal | met |', '|---|---|---|---|---|', ...rows].join('\n')
}

export const median = (values: readonly number[]) => percentile(values, 0.5)

export const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
export const perSecond = (value: number) => `${Math.round(value).toLocaleString('en')}/s`
