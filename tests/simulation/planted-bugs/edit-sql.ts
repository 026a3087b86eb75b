// Alters statements on their way to PostgreSQL.
import type { Sql } from '../../../server/database/database.ts'
import { giveUp } from './plant.ts'

/** A connection that removes the match of a pattern from each statement. A statement without a match ends the process. */
export function withoutInSql(sql: Sql, pattern: RegExp): Sql {
  const edit = (text: string) => {
    if (!pattern.test(text)) giveUp(`${pattern} is not in ${text}`)
    return text.replace(pattern, ' ')
  }
  return new Proxy(sql, {
    apply(target, self, [strings, ...values]: [TemplateStringsArray, ...unknown[]]) {
      return Reflect.apply(target, self, [edited(strings, edit), ...values]) as unknown
    },
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (name !== 'unsafe') return value
      return (text: string, ...rest: unknown[]) => Reflect.apply(value as Sql['unsafe'], target, [edit(text), ...rest])
    },
  })
}

/** The literal parts of a statement, edited as one text. */
function edited(strings: TemplateStringsArray, edit: (text: string) => string): TemplateStringsArray {
  const parts = edit(strings.join('\0')).split('\0')
  return Object.assign(parts, { raw: parts })
}
