// Reads what /metrics says.

export async function scrape(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/metrics`)
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.text()
}

/** The value of `name{label="value",…}` as it stands there; undefined where it is absent. */
export function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** Names of all metrics, also of those without a value. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!).sort()
}
