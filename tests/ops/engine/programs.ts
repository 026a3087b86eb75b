// The programs that the tests of containers need and a machine may lack. On Debian as root they are installed: the
// engine from its packages, and Docker's plugins from the next suite, whose programs run on this one. Elsewhere the
// missing programs are named with how to get them.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const CACHE = join(import.meta.dirname, '../../../.cache/engine')
/** The Debian suite of the images, the same as of the official ones. */
const SUITE = 'trixie'
const MIRROR = 'http://deb.debian.org/debian'
/** A minimal Debian. Base images are made from it, and its own apt fetches packages of that suite. */
export const DEBIAN_ROOT = join(CACHE, SUITE)
const PLUGINS = join(CACHE, 'docker-config/cli-plugins')

const PACKAGES: Record<string, string> = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  debootstrap: 'debootstrap',
  iptables: 'iptables',
}

/** @throws {Error} that names the missing programs */
export function installedPrograms(): { pluginConfig: string } {
  const missing = () => Object.keys(PACKAGES).filter((name) => !isInstalled(name))
  if (missing().length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const packages = [...new Set(missing().map((name) => PACKAGES[name]!))]
    report(`installing ${packages.join(', ')} by apt-get`)
    must('apt-get', ['update', '-qq'])
    must('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
  }
  if (missing().length > 0) {
    throw new Error(
      `${missing().join(', ')} missing: start a Docker engine, or run as root on Debian, which installs one`,
    )
  }
  makeDebianRoot()
  if (!existsSync(join(PLUGINS, 'docker-buildx'))) fetchPlugins()
  return { pluginConfig: join(CACHE, 'docker-config') }
}

function makeDebianRoot(): void {
  if (existsSync(DEBIAN_ROOT)) return
  report(`making a minimal Debian ${SUITE} by debootstrap`)
  const draft = `${DEBIAN_ROOT}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(CACHE, { recursive: true })
  must('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, draft, MIRROR])
  must('chroot', [draft, 'apt-get', 'update', '-qq'])
  must('mv', [draft, DEBIAN_ROOT])
}

function fetchPlugins(): void {
  report('fetching the plugins compose and buildx')
  must('chroot', [DEBIAN_ROOT, 'sh', '-c', 'cd /tmp && apt-get download -qq docker-compose docker-buildx'])
  const downloads = join(DEBIAN_ROOT, 'tmp')
  const unpacked = join(CACHE, 'unpacked')
  for (const name of readdirSync(downloads).filter((one) => one.endsWith('.deb'))) {
    must('dpkg-deb', ['-x', join(downloads, name), unpacked])
    rmSync(join(downloads, name))
  }
  mkdirSync(PLUGINS, { recursive: true })
  cpSync(join(unpacked, 'usr/libexec/docker/cli-plugins'), PLUGINS, { recursive: true })
  rmSync(unpacked, { recursive: true })
}

export function isInstalled(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, name)))
}

export function must(program: string, args: readonly string[], cwd?: string): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? `${stdout}${stderr}`}`)
  return stdout
}

export function report(words: string): void {
  process.stderr.write(`ops: ${words}\n`)
}
