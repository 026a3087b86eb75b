// Finds programs that npm does not install: for the tests, the benchmark and the installation of missing ones.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Debian's folder for servers, which is not in everybody's PATH, and the folder for programs fetched for this checkout.
 */
const FOLDERS = ['/usr/sbin', join(import.meta.dirname, '../.cache/bin')]

/** Returns undefined if the machine does not have the program. */
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
