// Fetches and reads /metrics.

export async function scrape(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/metrics`)
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.text()
}

/** The value of a series such as `name{label="value",…}`, or undefined if it is absent. */
export function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** The names of all metrics, including those without a value. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!).sort()
}
