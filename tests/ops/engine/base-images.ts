// Base images under the names in our Dockerfile and Compose file, for an engine without access to a registry: Debian by
// debootstrap, Node of this project, everything else from Debian packages, each with the user, folders and start
// command of the official image that we rely on. They show that our side of each contract holds, not theirs.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { CACHE, docker, type Engine, mustDocker } from './engine.ts'
import { DEBIAN_ROOT, must, report } from './programs.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const STAND_INS = join(ROOT, 'tests/ops/stand-ins')
const NODE_IMAGE = 'node:24-trixie-slim'
const DEBIAN_IMAGE = 'debian:trixie-slim'
/** A host that fetches through a proxy with its own certificate must be able to do so in a build as well. */
const HOST_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const GUEST_CERTIFICATES = 'etc/ssl/certs/ca-certificates.crt'
/** Services whose image is a stand-in: those of the Compose file that are not ours. */
const SERVICES = ['postgres', 'redis', 'prometheus', 'alertmanager', 'grafana']

/** Builds the missing images. @returns the names of all stand-ins */
export function prepareBaseImages(engine: Engine): string[] {
  if (!hasImage(engine, DEBIAN_IMAGE)) importDebian(engine)
  if (!hasImage(engine, NODE_IMAGE)) importNode(engine)
  const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as {
    services: Record<string, { image: string }>
  }
  const images = SERVICES.map((name) => ({ name, image: services[name]!.image }))
  for (const { name, image } of images) {
    report(`building the stand-in for ${image}`)
    mustDocker(engine, 'build', '--network=host', '--quiet', '--target', name, '--tag', image, STAND_INS)
  }
  return [DEBIAN_IMAGE, NODE_IMAGE, ...images.map(({ image }) => image)]
}

function hasImage(engine: Engine, name: string): boolean {
  return docker(engine, 'image', 'inspect', name).status === 0
}

function importDebian(engine: Engine): void {
  report(`importing ${DEBIAN_IMAGE}`)
  const without = [
    './var/cache/apt',
    './usr/share/doc',
    './usr/share/man',
    './usr/share/locale',
    './dev',
    './proc',
    './sys',
  ]
  importFolder(engine, DEBIAN_ROOT, { image: DEBIAN_IMAGE, without, changes: ['CMD ["bash"]'] })
}

function importNode(engine: Engine): void {
  report(`importing ${NODE_IMAGE}`)
  const folder = join(CACHE, 'node')
  rmSync(folder, { recursive: true, force: true })
  must('cp', ['-a', DEBIAN_ROOT, folder])
  must('chroot', [folder, 'useradd', '--uid', '1000', '--create-home', 'node'])
  cpSync(process.execPath, join(folder, 'usr/local/bin/node'))
  chmodSync(join(folder, 'usr/local/bin/node'), 0o755)
  mkdirSync(join(folder, 'usr/local/lib/node_modules'), { recursive: true })
  must('cp', ['-aL', npmFolder(), join(folder, 'usr/local/lib/node_modules/npm')])
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm'))
  const changes = ['CMD ["node"]']
  if (existsSync(HOST_CERTIFICATES)) {
    writeFileSync(join(folder, GUEST_CERTIFICATES), readFileSync(HOST_CERTIFICATES))
    changes.push(`ENV NODE_EXTRA_CA_CERTS=/${GUEST_CERTIFICATES}`)
  }
  importFolder(engine, folder, {
    image: NODE_IMAGE,
    without: ['./var/cache/apt', './var/lib/apt/lists', './usr/share/doc'],
    changes,
  })
  rmSync(folder, { recursive: true })
}

/** The folder of the npm that runs here, which `npm run` passes on. */
function npmFolder(): string {
  const cli = process.env['npm_execpath'] ?? must('sh', ['-c', 'readlink -f "$(command -v npm)"']).trim()
  return dirname(dirname(cli))
}

function importFolder(
  engine: Engine,
  folder: string,
  { image, without, changes }: { image: string; without: string[]; changes: string[] },
): void {
  const excluded = without.map((path) => `--exclude='${path}/*'`).join(' ')
  const change = changes.map((line) => `--change '${line}'`).join(' ')
  const script = `tar -C '${folder}' ${excluded} -c . | docker import ${change} - ${image}`
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', script], { env: engine.env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${image} cannot be imported: ${stderr}`)
}
