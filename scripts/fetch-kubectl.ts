// Fetches kubectl for a Debian whose own suite has no recent version: from the next suite, verified by apt with
// Debian's keys, into .cache/bin without installing it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const BIN = resolve(import.meta.dirname, '../.cache/bin')
const SOURCE = `Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`

/** @returns whether kubectl is there now */
export function fetchKubectl(): boolean {
  const target = join(BIN, 'kubectl')
  if (existsSync(target)) return true
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'))
  try {
    for (const path of ['state/lists/partial', 'cache/archives/partial', 'sources'])
      mkdirSync(join(folder, path), { recursive: true })
    writeFileSync(join(folder, 'sources/next.sources'), SOURCE)
    const options = [
      `Dir::State=${folder}/state`,
      // Installed packages must not affect the download.
      'Dir::State::Status=/dev/null',
      `Dir::Cache=${folder}/cache`,
      'Dir::Etc::SourceList=/dev/null',
      `Dir::Etc::SourceParts=${folder}/sources`,
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
    ].flatMap((option) => ['-o', option])
    const run = (program: string, args: string[]) => spawnSync(program, args, { cwd: folder }).status === 0
    if (!run('apt-get', ['update', '-qq', ...options]) || !run('apt-get', ['download', '-qq', ...options, 'kubectl']))
      return false
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.deb'))
    mkdirSync(BIN, { recursive: true })
    return run('dpkg-deb', ['-x', archive!, 'unpacked']) && run('install', ['unpacked/usr/bin/kubectl', target])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
