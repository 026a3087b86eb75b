// What a container does, by the first word of its command: server, migrate, backup, restore, verify or import. Guarantees:
// what a server in a container cannot do without is asked for in one line before anything starts, because its file
// system is read-only and its replicas must agree.
import { COMMANDS } from './commands.ts'
import { readConfig } from '../process/config.ts'
import { StartError } from '../process/start-error.ts'

/** Containers work together on one database and honour each other's tokens: none of this can be made up at a start. */
function requireShared(command: string): void {
  const { databaseUrl, jwtSecret } = readConfig(process.env)
  if (databaseUrl === undefined) throw new StartError('DATABASE_URL must be set: this image brings no PostgreSQL')
  if (command === 'server' && jwtSecret === undefined)
    throw new StartError('JWT_SECRET must be set, the same for every server. Example: openssl rand -base64 48')
}

try {
  const [name = ''] = process.argv.splice(2, 1)
  const run = COMMANDS[name]
  if (run === undefined) {
    throw new StartError(`there is no command "${name}". There are: ${Object.keys(COMMANDS).join(', ')}`)
  }
  requireShared(name)
  await run()
} catch (error) {
  const text = error instanceof StartError ? error.message : ((error as Error).stack ?? String(error))
  process.stderr.write(`stockhand: ${text}\n`)
  process.exitCode = 1
}
