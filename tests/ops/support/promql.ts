// Prometheus' own grammar, to read queries without running them.
import { parser } from '@prometheus-io/lezer-promql'

/** Where a query is no query: the texts that do not fit; empty where all of it does. */
export function promqlErrors(query: string): string[] {
  const errors: string[] = []
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) errors.push(`at ${from}: ${query.slice(from, to)}`)
    },
  })
  return errors
}

/** The metrics that a query asks for, in its order. */
export function metricNames(query: string): string[] {
  const names: string[] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to, node }) => {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(query.slice(from, to))
    },
  })
  return names
}
