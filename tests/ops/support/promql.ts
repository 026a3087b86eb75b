// Parses queries with Prometheus' own grammar, without running them.
import { parser } from '@prometheus-io/lezer-promql'

/** The invalid parts of a query. Empty if the query is valid. */
export function promqlErrors(query: string): string[] {
  const errors: string[] = []
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) errors.push(`at ${from}: ${query.slice(from, to)}`)
    },
  })
  return errors
}

/** The metrics that a query uses, in order. */
export function metricNames(query: string): string[] {
  const names: string[] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to, node }) => {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(query.slice(from, to))
    },
  })
  return names
}
