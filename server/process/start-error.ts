// Why the server cannot start, in one line that a person can act on. It is printed as it is, without a stack: it tells
// of the surroundings (a variable, a port, a database), never of a bug.

export class StartError extends Error {
  override readonly name: string = 'StartError'
}
