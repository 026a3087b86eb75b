// fly.toml and fly.postgres.toml: their keys are Fly.io's, and what they say fits what the image and the server do.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TomlTable } from 'smol-toml'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { readConfig, VARIABLE_NAMES } from '../../server/process/config.ts'
import { STOP_TIMEOUT_MS } from '../../server/process/stop-timeout.ts'
import { COMMANDS } from '../../server/commands/commands.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const app = parse(read('fly.toml'))
const database = parse(read('fly.postgres.toml'))

/** Of https://fly.io/docs/reference/configuration/, as far as we use it: section → keys. */
const KNOWN: Record<string, string[]> = {
  '': 'app primary_region kill_signal kill_timeout build deploy env http_service vm metrics mounts checks'.split(' '),
  build: ['dockerfile', 'image'],
  deploy: ['release_command', 'release_command_timeout', 'strategy', 'max_unavailable'],
  http_service:
    'internal_port force_https auto_start_machines auto_stop_machines min_machines_running concurrency checks'.split(
      ' ',
    ),
  'http_service.concurrency': ['type', 'soft_limit', 'hard_limit'],
  'http_service.checks': ['method', 'path', 'interval', 'timeout', 'grace_period'],
  vm: ['size', 'memory'],
  metrics: ['port', 'path'],
  mounts:
    'source destination initial_size snapshot_retention auto_extend_size_threshold auto_extend_size_increment auto_extend_size_limit'.split(
      ' ',
    ),
  checks: ['pg', 'role', 'vm'],
  'checks.*': ['type', 'port', 'path', 'interval', 'timeout', 'grace_period'],
}
/** Names are ours to choose there. */
const FREE = ['env']

function unknownKeys(table: TomlTable, section = ''): string[] {
  const known = KNOWN[section] ?? KNOWN[section.replace(/\.\w+$/, '.*')] ?? []
  return Object.entries(table).flatMap(([key, value]) => {
    const path = section === '' ? key : `${section}.${key}`
    if (!known.includes(key)) return [path]
    if (FREE.includes(path)) return []
    const tables = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'object') as TomlTable[]
    return tables.flatMap((one) => unknownKeys(one, path))
  })
}

/** `ENV NAME=value` of the Dockerfile. */
const imageEnv = Object.fromEntries(
  [...read('Dockerfile').matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
)

test('every key is one that Fly.io knows, and one that it does not know is seen', () => {
  expect(unknownKeys(app)).toEqual([])
  expect(unknownKeys(database)).toEqual([])
  expect(unknownKeys(parse(`${read('fly.toml')}\n[http_service.check]\npath = "/"\n`))).toEqual(['http_service.check'])
})

describe('the app', () => {
  test('ends by SIGTERM, and is given the time that ending takes', () => {
    expect(app).toMatchObject({ primary_region: 'yyz', kill_signal: 'SIGTERM' })
    expect(Number(app['kill_timeout']) * 1000).toBeGreaterThan(STOP_TIMEOUT_MS)
  })

  test('is served over TLS alone, started by requests, kept running where it writes, and checked for readiness', () => {
    expect(app['http_service']).toMatchObject({
      internal_port: Number(imageEnv['PORT']),
      force_https: true,
      auto_start_machines: true,
      min_machines_running: 2,
      checks: [{ method: 'GET', path: '/readyz' }],
    })
    expect(app['metrics']).toEqual({ port: Number(imageEnv['METRICS_PORT']), path: '/metrics' })
  })

  test('migrates before it is deployed, by a command of the image, and not at each start', () => {
    const { release_command: command, strategy } = app['deploy'] as TomlTable
    expect(Object.keys(COMMANDS)).toContain(command)
    expect(strategy).toBe('rolling')
    expect(imageEnv['MIGRATE_ON_START']).toBe('false')
  })

  test('what it sets is what the server reads; no secret is among it', () => {
    const env = app['env'] as Record<string, string>
    expect(Object.keys(env).filter((name) => /SECRET|PASSWORD|DATABASE|REDIS/.test(name))).toEqual([])
    const secrets = {
      DATABASE_URL: 'postgres://app:pw@stockhand-db.internal:5432/stockhand',
      DATABASE_REPLICA_URL: 'postgres://app:pw@top1.nearest.of.stockhand-db.internal:5433/stockhand',
      JWT_SECRET: 'x'.repeat(40),
    }
    const here = (region: string) =>
      readConfig({
        ...imageEnv,
        ...env,
        ...secrets,
        PRIMARY_REGION: app['primary_region'] as string,
        FLY_REGION: region,
      })
    expect(here('yyz')).toMatchObject({
      writesIn: undefined,
      roles: ['api', 'worker', 'backup'],
      drainDelayMs: 5_000,
      publicUrl: env['PUBLIC_URL'],
      trustProxy: ['uniquelocal'],
    })
    for (const region of ['iad', 'lhr'])
      expect(here(region)).toMatchObject({ writesIn: 'yyz', roles: ['api'], databaseUrl: secrets.DATABASE_REPLICA_URL })
    for (const name of Object.keys(env)) expect(VARIABLE_NAMES).toContain(name)
  })
})

describe('the database', () => {
  test('keeps its data on a volume that grows and is copied, in the region that writes, and ends by a fast shutdown', () => {
    expect(database).toMatchObject({
      primary_region: app['primary_region'],
      kill_signal: 'SIGINT',
      env: { PRIMARY_REGION: app['primary_region'] },
      mounts: [{ source: 'pg_data', destination: '/data', snapshot_retention: 14, auto_extend_size_threshold: 80 }],
      build: { image: 'flyio/postgres-flex:17' },
    })
    expect(database['http_service'] ?? database['services']).toBeUndefined() // nobody outside reaches it
  })
})
