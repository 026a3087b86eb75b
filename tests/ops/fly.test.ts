// fly.toml and fly.postgres.toml: Fly.io knows their keys, and their settings match the image and the server.
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

/** The keys of each section that we use, from https://fly.io/docs/reference/configuration/. */
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
/** Sections with names of our own choice. */
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

test('every key is known to Fly.io, and an unknown one is found', () => {
  expect(unknownKeys(app)).toEqual([])
  expect(unknownKeys(database)).toEqual([])
  expect(unknownKeys(parse(`${read('fly.toml')}\n[http_service.check]\npath = "/"\n`))).toEqual(['http_service.check'])
})

describe('the app', () => {
  test('stops on SIGTERM, with enough time to do so', () => {
    expect(app).toMatchObject({ primary_region: 'yyz', kill_signal: 'SIGTERM' })
    expect(Number(app['kill_timeout']) * 1000).toBeGreaterThan(STOP_TIMEOUT_MS)
  })

  test('is served only over TLS, started by requests, always running in the primary region, and checked for readiness', () => {
    expect(app['http_service']).toMatchObject({
      internal_port: Number(imageEnv['PORT']),
      force_https: true,
      auto_start_machines: true,
      min_machines_running: 2,
      checks: [{ method: 'GET', path: '/readyz' }],
    })
    expect(app['metrics']).toEqual({ port: Number(imageEnv['METRICS_PORT']), path: '/metrics' })
  })

  test('migrates before a deployment with a command of the image, and not at each start', () => {
    const { release_command: command, strategy } = app['deploy'] as TomlTable
    expect(Object.keys(COMMANDS)).toContain(command)
    expect(strategy).toBe('rolling')
    expect(imageEnv['MIGRATE_ON_START']).toBe('false')
  })

  test('sets only variables that the server reads, and no secret', () => {
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
  test('has its data on a growing volume with snapshots in the primary region, and stops by a fast shutdown', () => {
    expect(database).toMatchObject({
      primary_region: app['primary_region'],
      kill_signal: 'SIGINT',
      env: { PRIMARY_REGION: app['primary_region'] },
      mounts: [{ source: 'pg_data', destination: '/data', snapshot_retention: 14, auto_extend_size_threshold: 80 }],
      build: { image: 'flyio/postgres-flex:17' },
    })
    expect(database['http_service'] ?? database['services']).toBeUndefined() // not reachable from outside
  })
})
