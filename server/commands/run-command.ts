// Runs a command: reads the configuration, does the work, closes what it opened in the opposite order, and sets the exit
// code. A problem that a person can fix is one line on stderr; a bug is its whole stack.
import type { Config } from '../process/config.ts'
import { readConfig } from '../process/config.ts'
import { StartError } from '../process/start-error.ts'

type Close = () => Promise<unknown>

export interface CommandTools {
  config: Config
  /** Closes something when the command ends, whether it succeeds or fails. */
  closeAtEnd(close: Close): void
}

export interface CommandOptions {
  /** The first word of every message on stderr. */
  name: string
  /** The exit code of a failure. Commands whose 1 is a result use another one. */
  failureCode?: number
  /** The message for an error that is neither a StartError nor a bug. */
  explain?: (error: unknown) => string | undefined
  /** Returns the exit code, which is 0 if it returns nothing. */
  run(tools: CommandTools): Promise<number | void>
}

/** Resolves when everything is closed. Never rejects. */
export async function runCommand({ name, failureCode = 1, explain, run }: CommandOptions): Promise<void> {
  const opened: Close[] = []
  const fail = (error: unknown) => {
    process.stderr.write(`${name}: ${explain?.(error) ?? describe(error)}\n`)
    process.exitCode = failureCode
  }
  try {
    const config = readConfig(process.env)
    const code = await run({ config, closeAtEnd: (close) => opened.push(close) })
    if (typeof code === 'number') process.exitCode = code
  } catch (error) {
    fail(error)
  }
  for (const close of opened.reverse()) await close().catch(fail)
}

function describe(error: unknown): string {
  if (error instanceof StartError) return error.message
  return (error as Error).stack ?? String(error)
}
