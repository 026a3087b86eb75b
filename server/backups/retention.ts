// Which backups are kept: the older they are, the fewer. The newest one is always kept.

/** For a mistake of yesterday or last week, and for the annual stocktaking. */
export const RETENTION = { everyoneForDays: 2, dailyForDays: 14, weeklyForWeeks: 8, monthlyForMonths: 12 } as const
const DAY_MS = 86_400_000
const NAME = /^stockhand-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.backup\.zst(\.age)?$/

export function backupName(atMs: number, { encrypted }: { encrypted: boolean }): string {
  const text = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `stockhand-${text}.backup.zst${encrypted ? '.age' : ''}`
}

/** When a backup was made, Unix ms. Returns undefined for the name of another file, which must not be touched. */
export function backupTime(name: string): number | undefined {
  const match = NAME.exec(name)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year!, month! - 1, day, hour, minute, second)
}

/** The names of the backups that are past their retention time. */
export function expiredBackups(names: readonly string[], nowMs: number): string[] {
  const newestFirst = names
    .flatMap((name) => {
      const atMs = backupTime(name)
      return atMs === undefined ? [] : [{ name, atMs }]
    })
    .toSorted((a, b) => b.atMs - a.atMs)
  const kept = new Set<string>()
  return newestFirst
    .filter(({ atMs }, index) => {
      const ageDays = (nowMs - atMs) / DAY_MS
      const reasons = [
        ageDays <= RETENTION.dailyForDays && `day ${Math.floor(atMs / DAY_MS)}`,
        ageDays <= RETENTION.weeklyForWeeks * 7 && `week ${Math.floor(atMs / DAY_MS / 7)}`,
        ageDays <= RETENTION.monthlyForMonths * 31 && `month ${new Date(atMs).toISOString().slice(0, 7)}`,
      ].filter((reason) => reason !== false)
      const isFirst = reasons.some((reason) => !kept.has(reason))
      for (const reason of reasons) kept.add(reason)
      return index > 0 && ageDays > RETENTION.everyoneForDays && !isFirst
    })
    .map(({ name }) => name)
}
