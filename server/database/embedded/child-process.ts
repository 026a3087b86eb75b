// The end and the output of a PostgreSQL program.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How much of the server's own output an error message contains. */
const LOG_LINES_SHOWN = 5

/** @returns undefined after an exit with 0, otherwise how it ended. Never rejects. */
export async function awaitEnd(child: ChildProcess): Promise<string | undefined> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}.`
  } catch (error) {
    return `${(error as Error).message}.`
  }
}

/** Calls `listen` with each line of output. @returns a function that returns the last lines as one */
export function lastLines(child: ChildProcess, listen: (line: string) => void): () => string {
  const lines: string[] = []
  const addLines = (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      listen(line)
      lines.push(line.trim())
      if (lines.length > LOG_LINES_SHOWN) lines.shift()
    }
  }
  child.stdout?.on('data', addLines)
  child.stderr?.on('data', addLines)
  return () => lines.join(' | ')
}
