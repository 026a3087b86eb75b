// A problem of the environment (a variable, a port, a database) that a person can fix. Its message is one line and is printed
// without a stack. Bugs are other errors.

export class StartError extends Error {
  override readonly name: string = 'StartError'
}
