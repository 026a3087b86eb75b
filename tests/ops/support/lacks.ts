// Programs that a machine may lack. What is not tested for want of one is said on stderr, where it is seen beside the
// results, with how to get it; npm test on Debian as root installs them first.
import { findProgram } from '../../../scripts/find-program.ts'

const HOW_TO_GET: Record<string, string> = {
  pgbouncer: 'apt-get install pgbouncer, or brew install pgbouncer',
  kubectl: 'https://kubernetes.io/docs/tasks/tools, or brew install kubectl',
}

/** Says so if the machine lacks the program. */
export function lacks(name: string): boolean {
  if (findProgram(name) !== undefined) return false
  process.stderr.write(`NOT TESTED HERE: what needs ${name}, which this machine lacks (${HOW_TO_GET[name]})\n`)
  return true
}
