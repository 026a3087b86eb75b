import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const SECRET = 'a-secret-of-more-than-thirty-two-characters'

describe('readConfig', () => {
  it('has a default for everything that a first start needs', () => {
    expect(readConfig({})).toEqual({
      port: 3000,
      metricsPort: undefined,
      metricsHost: '0.0.0.0',
      writesIn: undefined,
      dataDir: resolve('.data'),
      databaseUrl: undefined,
      databaseOwnerUrl: undefined,
      databaseReplicaUrl: undefined,
      roles: ['api', 'worker', 'backup'],
      migrateOnStart: true,
      drainDelayMs: 0,
      redisUrl: undefined,
      publicUrl: 'http://localhost:3000',
      jwtSecret: undefined,
      demoPassword: undefined,
      backups: { dir: resolve('.data/backups'), cron: '0 2 * * *', recipient: undefined, s3: undefined },
      logLevel: 'info',
    })
  })

  it('reads every variable', () => {
    const config = readConfig({
      PORT: '8080',
      METRICS_PORT: '9464',
      METRICS_HOST: '127.0.0.1',
      DATA_DIR: '/srv/stock',
      DATABASE_URL: 'postgres://app:pw@db:5432/stock',
      DATABASE_OWNER_URL: 'postgresql://owner:pw@db:5432/stock',
      DATABASE_REPLICA_URL: 'postgres://app:pw@replica:5432/stock',
      ROLES: 'worker',
      MIGRATE_ON_START: 'false',
      DRAIN_DELAY: '5',
      REDIS_URL: 'rediss://cache:6380',
      PUBLIC_URL: 'https://stock.example.com/',
      JWT_SECRET: SECRET,
      DEMO_PASSWORD: 'correct-horse',
      BACKUP_DIR: '/mnt/backups',
      BACKUP_CRON: 'off',
      BACKUP_AGE_RECIPIENT: 'age1recipient',
      BACKUP_S3_ENDPOINT: 'https://s3.example.com/bucket',
      BACKUP_S3_REGION: 'eu-1',
      BACKUP_S3_PREFIX: 'shop/',
      BACKUP_S3_ACCESS_KEY: 'key',
      BACKUP_S3_SECRET_KEY: 'secret',
      LOG_LEVEL: 'warn',
    })
    expect(config).toEqual({
      port: 8080,
      metricsPort: 9464,
      metricsHost: '127.0.0.1',
      writesIn: undefined,
      dataDir: '/srv/stock',
      databaseUrl: 'postgres://app:pw@db:5432/stock',
      databaseOwnerUrl: 'postgresql://owner:pw@db:5432/stock',
      databaseReplicaUrl: 'postgres://app:pw@replica:5432/stock',
      roles: ['worker'],
      migrateOnStart: false,
      drainDelayMs: 5_000,
      redisUrl: 'rediss://cache:6380',
      publicUrl: 'https://stock.example.com',
      jwtSecret: SECRET,
      demoPassword: 'correct-horse',
      backups: {
        dir: '/mnt/backups',
        cron: undefined,
        recipient: 'age1recipient',
        s3: {
          endpoint: 'https://s3.example.com/bucket',
          region: 'eu-1',
          prefix: 'shop/',
          accessKey: 'key',
          secretKey: 'secret',
        },
      },
      logLevel: 'warn',
    })
  })

  it('treats an empty value as not set, and ignores spaces around a value', () => {
    const config = readConfig({ PORT: '', REDIS_URL: ' ', JWT_SECRET_FILE: '', LOG_LEVEL: ' debug\n' })
    expect(config).toMatchObject({ port: 3000, redisUrl: undefined, logLevel: 'debug' })
  })

  it('migrates as the user of DATABASE_URL unless an owner is given', () => {
    const url = 'postgres://app:pw@db/stock'
    expect(readConfig({ DATABASE_URL: url }).databaseOwnerUrl).toBe(url)
  })

  it('only has the replica outside the primary region', () => {
    const everywhere = {
      DATABASE_URL: 'postgres://app:pw@primary.internal/stock',
      DATABASE_OWNER_URL: 'postgres://owner:pw@primary.internal/stock',
      DATABASE_REPLICA_URL: 'postgres://app:pw@top1.nearest.of.db.internal:5433/stock',
      PRIMARY_REGION: 'yyz',
    }
    expect(readConfig({ ...everywhere, FLY_REGION: 'lhr' })).toMatchObject({
      writesIn: 'yyz',
      databaseUrl: everywhere.DATABASE_REPLICA_URL,
      databaseOwnerUrl: undefined,
      databaseReplicaUrl: undefined,
      roles: ['api'],
      migrateOnStart: false,
    })
    for (const here of [{ FLY_REGION: 'yyz' }, { FLY_REGION: 'lhr', PRIMARY_REGION: '' }])
      expect(readConfig({ ...everywhere, ...here })).toMatchObject({
        writesIn: undefined,
        databaseUrl: everywhere.DATABASE_URL,
        databaseReplicaUrl: everywhere.DATABASE_REPLICA_URL,
        roles: ['api', 'worker', 'backup'],
        migrateOnStart: true,
      })
  })

  it('reads a secret from the file that NAME_FILE names, without its line end', () => {
    const config = readConfig({ JWT_SECRET_FILE: '/run/secrets/jwt' }, (path) => {
      expect(path).toBe('/run/secrets/jwt')
      return `${SECRET}\n`
    })
    expect(config.jwtSecret).toBe(SECRET)
  })

  it.each([
    [{ PORT: 'http' }, 'PORT must be a whole number. Example: 3000'],
    [{ PORT: '-1' }, 'PORT must be a whole number. Example: 3000'],
    [{ METRICS_PORT: 'on' }, 'METRICS_PORT must be a whole number. Example: 9464'],
    [{ METRICS_HOST: 'inside' }, 'METRICS_HOST must be an address of this machine. Example: 127.0.0.1'],
    [{ MIGRATE_ON_START: 'no' }, 'MIGRATE_ON_START must be true or false. Example: false'],
    [{ DRAIN_DELAY: '5s' }, 'DRAIN_DELAY must be a whole number of seconds. Example: 5'],
    [{ DRAIN_DELAY: '11' }, 'DRAIN_DELAY must be at most 10. Example: 5'],
    [{ FLY_REGION: 'Toronto' }, 'FLY_REGION must be a region of Fly.io: three lower-case letters. Example: iad'],
    [
      { PRIMARY_REGION: 'yyz', FLY_REGION: 'lhr', DATABASE_URL: 'postgres://db/stock' },
      'DATABASE_REPLICA_URL must be set outside the primary region (yyz). ' +
        'Example: postgres://stockhand:PASSWORD@replica:5432/stockhand',
    ],
    [
      { PRIMARY_REGION: 'yyz', FLY_REGION: 'lhr', ROLES: 'worker', DATABASE_REPLICA_URL: 'postgres://db/stock' },
      'ROLES must contain api outside the primary region (yyz), because jobs only run there. Example: api,worker,backup',
    ],
    [{ ROLES: 'api,cook' }, 'ROLES may only contain api, worker, backup. Example: api,worker,backup'],
    [{ PORT: '65536' }, 'PORT must be from 1 to 65535. Example: 3000'],
    [
      { DATABASE_URL: 'mysql://db' },
      'DATABASE_URL must be a URL that begins with postgres:// or postgresql://. ' +
        'Example: postgres://stockhand:PASSWORD@localhost:5432/stockhand',
    ],
    [
      { DATABASE_OWNER_URL: 'postgres://owner@db/stock' },
      'DATABASE_URL must also be set if DATABASE_OWNER_URL is. ' +
        'Example: postgres://stockhand:PASSWORD@localhost:5432/stockhand',
    ],
    [
      { REDIS_URL: 'localhost:6379' },
      'REDIS_URL must be a URL that begins with redis:// or rediss://. Example: redis://localhost:6379',
    ],
    [
      { PUBLIC_URL: 'stock.example.com' },
      'PUBLIC_URL must be a URL that begins with http:// or https://. Example: https://stock.example.com',
    ],
    [
      { PUBLIC_URL: 'https://example.com/stock' },
      'PUBLIC_URL must not have a path. Example: https://stock.example.com',
    ],
    [
      { JWT_SECRET: 'short' },
      'JWT_SECRET must have at least 32 characters. Example: the output of: openssl rand -base64 48',
    ],
    [{ DEMO_PASSWORD: 'demo' }, 'DEMO_PASSWORD must have at least 8 characters. Example: correct-horse-battery'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be a level that pino knows. Example: info'],
    [{ JWT_SECRET: SECRET, JWT_SECRET_FILE: '/s' }, 'JWT_SECRET and JWT_SECRET_FILE are both set: keep one of them'],
    [
      { JWT_SECRET_FILE: '/nowhere/jwt' },
      'JWT_SECRET_FILE cannot be read (/nowhere/jwt: ENOENT). Example: /run/secrets/jwt_secret',
    ],
  ])('reports the problem of %o in one line', (env, message) => {
    expect(() => readConfig(env)).toThrow(new ConfigError(message))
  })

  it('never repeats the value of a secret', () => {
    expect(() => readConfig({ JWT_SECRET: 'hunter2' })).not.toThrow(/hunter2/)
    expect(() => readConfig({ DATABASE_URL: 'oracle://me:hunter2@db' })).not.toThrow(/hunter2/)
  })
})
