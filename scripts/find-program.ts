// Where a program is that npm does not bring: for the tests, the benchmark and whoever installs what they lack.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian keeps servers, which is not on everybody's path; and what was fetched for this checkout alone. */
const FOLDERS = ['/usr/sbin', join(import.meta.dirname, '../.cache/bin')]

/** Undefined where the machine has no such program. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export function findChromium(): string | undefined {
  const candidates = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome']
  return candidates.find((path) => path !== undefined && isExecutable(path))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
