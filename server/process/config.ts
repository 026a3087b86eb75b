// Parses the environment once. Guarantees: the rest of the server reads only valid values; a wrong value is a ConfigError of
// one line with the variable, the problem and an example; no message contains the value of a secret.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { StartError } from './start-error.ts'

export type Config = z.infer<typeof configuration>

export class ConfigError extends StartError {
  override readonly name = 'ConfigError'
}

/** Together with the steps after it, a process ends within the 30 s after which Kubernetes kills it. */
const DRAIN_DELAY_MAX_S = 10
/** An HS256 key must be at least as long as the hash (RFC 7518 §3.2). */
const JWT_SECRET_MIN_LENGTH = 32
const DEMO_PASSWORD_MIN_LENGTH = 8

/** What a process can do: answer devices, run scheduled jobs, make backups. */
const ROLES: readonly string[] = ['api', 'worker', 'backup']

const postgresUrl = urlOf(['postgres:', 'postgresql:'])

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number')
  .transform(Number)
  .refine((number) => number >= 1 && number <= 65_535, 'must be from 1 to 65535')

const region = z.string().regex(/^[a-z]{3}$/, 'must be a region of Fly.io: three lower-case letters')

const environment = z.object({
  PORT: port.default(3000),
  METRICS_PORT: port.optional(),
  METRICS_HOST: z
    .string()
    .refine((text) => isIP(text) !== 0, 'must be an address of this machine')
    .default('0.0.0.0'),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_OWNER_URL: postgresUrl.optional(),
  DATABASE_REPLICA_URL: postgresUrl.optional(),
  ROLES: z
    .string()
    .transform((text) => text.split(',').map((role) => role.trim()))
    .refine((roles) => roles.every((role) => ROLES.includes(role)), `may only contain ${ROLES.join(', ')}`)
    .default([...ROLES]),
  MIGRATE_ON_START: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(true),
  DRAIN_DELAY: z
    .string()
    .regex(/^\d{1,2}$/, 'must be a whole number of seconds')
    .transform(Number)
    .refine((seconds) => seconds <= DRAIN_DELAY_MAX_S, `must be at most ${DRAIN_DELAY_MAX_S}`)
    .default(0),
  REDIS_URL: urlOf(['redis:', 'rediss:']).optional(),
  PUBLIC_URL: urlOf(['http:', 'https:'])
    .refine((url) => new URL(url).pathname === '/', 'must not have a path')
    .optional(),
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .optional(),
  JWT_SECRET: z
    .string()
    .min(JWT_SECRET_MIN_LENGTH, `must have at least ${JWT_SECRET_MIN_LENGTH} characters`)
    .optional(),
  DEMO_PASSWORD: z
    .string()
    .min(DEMO_PASSWORD_MIN_LENGTH, `must have at least ${DEMO_PASSWORD_MIN_LENGTH} characters`)
    .optional(),
  PRIMARY_REGION: region.optional(),
  FLY_REGION: region.optional(),
  BACKUP_DIR: z.string().optional(),
  BACKUP_CRON: z
    .string()
    .regex(/^(off|(\S+ ){4}\S+)$/, 'must be off, or five fields as in cron')
    .default('0 2 * * *'),
  BACKUP_AGE_RECIPIENT: z.string().startsWith('age1', 'must be an age public key').optional(),
  BACKUP_S3_ENDPOINT: urlOf(['http:', 'https:'])
    .refine((url) => new URL(url).pathname.length > 1, 'must end with the name of the bucket')
    .optional(),
  BACKUP_S3_REGION: z.string().default('auto'),
  BACKUP_S3_PREFIX: z.string().default(''),
  BACKUP_S3_ACCESS_KEY: z.string().optional(),
  BACKUP_S3_SECRET_KEY: z.string().optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a level that pino knows')
    .default('info'),
})

const configuration = environment.transform((values) => ({
  port: values.PORT,
  /** The port of /metrics, /healthz and /readyz for operators. Absent: they are not served. */
  metricsPort: values.METRICS_PORT,
  /** The address on which the metrics port listens: all addresses, or one. */
  metricsHost: values.METRICS_HOST,
  dataDir: resolve(values.DATA_DIR),
  ...regionSettings(values),
  /** How long a process that has to end continues as before, so that load balancers notice. */
  drainDelayMs: values.DRAIN_DELAY * 1000,
  /** Absent: one process, with an in-process bus. */
  redisUrl: values.REDIS_URL,
  /** The origin that browsers see, without a trailing slash. */
  publicUrl: new URL(values.PUBLIC_URL ?? `http://localhost:${values.PORT}`).origin,
  /** Proxies that are trusted to give the sender's address: networks, or names such as loopback. Absent: none. */
  trustProxy: values.TRUST_PROXY,
  jwtSecret: values.JWT_SECRET,
  demoPassword: values.DEMO_PASSWORD,
  backups: backupsOf(values),
  logLevel: values.LOG_LEVEL,
}))

type Values = z.infer<typeof environment>

/** @throws {ConfigError} if a bucket is set without its keys */
function backupsOf(values: Values) {
  const key = (name: 'BACKUP_S3_ACCESS_KEY' | 'BACKUP_S3_SECRET_KEY') => {
    if (values[name] === undefined) throw wrong(name, 'must be set if BACKUP_S3_ENDPOINT is')
    return values[name]
  }
  const bucket = (endpoint: string) => ({
    endpoint,
    region: values.BACKUP_S3_REGION,
    prefix: values.BACKUP_S3_PREFIX,
    accessKey: key('BACKUP_S3_ACCESS_KEY'),
    secretKey: key('BACKUP_S3_SECRET_KEY'),
  })
  return {
    dir: resolve(values.BACKUP_DIR ?? join(values.DATA_DIR, 'backups')),
    /** The schedule in UTC. Undefined: no scheduled backups. */
    cron: values.BACKUP_CRON === 'off' ? undefined : values.BACKUP_CRON,
    /** The age public key that backups are encrypted for. */
    recipient: values.BACKUP_AGE_RECIPIENT,
    /** If set, backups are stored there and not in the folder. */
    s3: values.BACKUP_S3_ENDPOINT === undefined ? undefined : bucket(values.BACKUP_S3_ENDPOINT),
  }
}

/**
 * The settings that depend on the region of this process. Outside the primary region it only has the replica next to it. It
 * does not migrate or run jobs, and it leaves writes to the primary region.
 */
function regionSettings(values: Values) {
  const { PRIMARY_REGION: primary, FLY_REGION: here, DATABASE_URL: url, DATABASE_REPLICA_URL: replica } = values
  const writesIn = here === undefined || here === primary ? undefined : primary
  const isPrimary = writesIn === undefined
  return {
    /** The region whose servers write, if it is another one. */
    writesIn,
    /** Absent: the embedded PostgreSQL. */
    databaseUrl: isPrimary ? url : replica,
    /** The database login for migrations. The same as databaseUrl if it is not set. */
    databaseOwnerUrl: isPrimary ? (values.DATABASE_OWNER_URL ?? url) : undefined,
    /** A streaming replica for pulls, as long as it is not behind the device. */
    databaseReplicaUrl: isPrimary ? replica : undefined,
    roles: isPrimary ? values.ROLES : values.ROLES.filter((role) => role === 'api'),
    /** False if a deployment migrates beforehand with `npm run migrate`. */
    migrateOnStart: isPrimary && values.MIGRATE_ON_START,
  }
}

type VariableName = keyof z.input<typeof environment>

const examples: Record<VariableName, string> = {
  PORT: '3000',
  METRICS_PORT: '9464',
  METRICS_HOST: '127.0.0.1',
  DATA_DIR: '/var/lib/stockhand',
  DATABASE_URL: 'postgres://stockhand:PASSWORD@localhost:5432/stockhand',
  DATABASE_OWNER_URL: 'postgres://stockhand_owner:PASSWORD@localhost:5432/stockhand',
  DATABASE_REPLICA_URL: 'postgres://stockhand:PASSWORD@replica:5432/stockhand',
  ROLES: 'api,worker,backup',
  MIGRATE_ON_START: 'false',
  DRAIN_DELAY: '5',
  REDIS_URL: 'redis://localhost:6379',
  PUBLIC_URL: 'https://stock.example.com',
  TRUST_PROXY: 'loopback,10.0.0.0/8',
  JWT_SECRET: 'the output of: openssl rand -base64 48',
  DEMO_PASSWORD: 'correct-horse-battery',
  PRIMARY_REGION: 'yyz',
  FLY_REGION: 'iad',
  BACKUP_DIR: '/var/lib/stockhand/backups',
  BACKUP_CRON: '0 2 * * *',
  BACKUP_AGE_RECIPIENT: 'the public key that age-keygen prints',
  BACKUP_S3_ENDPOINT: 'https://s3.eu-central-1.example.com/stock-backups',
  BACKUP_S3_REGION: 'eu-central-1',
  BACKUP_S3_PREFIX: 'shop/',
  BACKUP_S3_ACCESS_KEY: 'the access key of the bucket',
  BACKUP_S3_SECRET_KEY: 'the secret key of the bucket',
  LOG_LEVEL: 'info',
}

/** All variables, for the tests that check the settings of deployments. */
export const VARIABLE_NAMES = Object.keys(examples)

/** Each can be set as NAME, or as NAME_FILE with the path of a file that a secret store mounts. */
const SECRETS: readonly VariableName[] = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'DATABASE_REPLICA_URL',
  'REDIS_URL',
  'JWT_SECRET',
  'DEMO_PASSWORD',
  'BACKUP_S3_ACCESS_KEY',
  'BACKUP_S3_SECRET_KEY',
]

/** @throws {ConfigError} for the first wrong value */
export function readConfig(env: NodeJS.ProcessEnv, readFile: (path: string) => string = readText): Config {
  const values: Partial<Record<string, string>> = {}
  for (const name of Object.keys(examples) as VariableName[]) {
    const value = SECRETS.includes(name) ? readSecret(env, name, readFile) : env[name]
    // An empty value means "not set", because compose files and shells pass unset variables as empty ones.
    if (value !== undefined && value.trim() !== '') values[name] = value.trim()
  }
  if (values['DATABASE_OWNER_URL'] !== undefined && values['DATABASE_URL'] === undefined) {
    throw wrong('DATABASE_URL', 'must also be set if DATABASE_OWNER_URL is')
  }
  const parsed = configuration.safeParse(values)
  if (parsed.success) return checkRegion(parsed.data)
  const issue = parsed.error.issues[0]
  throw wrong(String(issue?.path[0]) as VariableName, issue?.message ?? 'is not valid')
}

function checkRegion(config: Config): Config {
  if (config.writesIn === undefined) return config
  if (config.databaseUrl === undefined)
    throw wrong('DATABASE_REPLICA_URL', `must be set outside the primary region (${config.writesIn})`)
  if (config.roles.length === 0)
    throw wrong(
      'ROLES',
      `must contain api outside the primary region (${config.writesIn}), because jobs only run there`,
    )
  return config
}

function readSecret(env: NodeJS.ProcessEnv, name: VariableName, readFile: (path: string) => string) {
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return env[name]
  if (env[name] !== undefined && env[name] !== '') {
    throw new ConfigError(`${name} and ${name}_FILE are both set: keep one of them`)
  }
  try {
    return readFile(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new ConfigError(
      `${name}_FILE cannot be read (${path}: ${reason}). Example: /run/secrets/${name.toLowerCase()}`,
    )
  }
}

function wrong(name: VariableName, problem: string): ConfigError {
  return new ConfigError(`${name} ${problem}. Example: ${examples[name]}`)
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

function urlOf(protocols: readonly string[]) {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '',
      {
        error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
        abort: true,
      },
    )
}
