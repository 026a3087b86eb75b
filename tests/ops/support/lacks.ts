// Programs that a machine may lack. Tests that are skipped without one are reported on stderr next to the results, with
// how to get it. npm test on Debian as root installs them first.
import { findProgram } from '../../../scripts/find-program.ts'

const HOW_TO_GET: Record<string, string> = {
  pgbouncer: 'apt-get install pgbouncer, or brew install pgbouncer',
  kubectl: 'https://kubernetes.io/docs/tasks/tools, or brew install kubectl',
}

/** Returns true, and reports it, if the machine lacks the program. */
export function lacks(name: string): boolean {
  if (findProgram(name) !== undefined) return false
  process.stderr.write(`NOT TESTED HERE: the tests that need ${name}, which this machine lacks (${HOW_TO_GET[name]})\n`)
  return true
}
