// The entry point of a container: runs the command that its first argument names. Guarantees: settings that a server in a
// container needs are checked before anything starts, because its file system is read-only and its replicas must agree.
import { COMMANDS } from './commands.ts'
import type { Config } from '../process/config.ts'
import { StartError } from '../process/start-error.ts'
import { runCommand } from './run-command.ts'

await runCommand({
  name: 'stockhand',
  run: async ({ config }) => {
    const [name = ''] = process.argv.splice(2, 1)
    const command = COMMANDS[name]
    if (command === undefined) {
      throw new StartError(`there is no command "${name}". There are: ${Object.keys(COMMANDS).join(', ')}`)
    }
    requireShared(name, config)
    await command()
  },
})

/** Containers share one database and accept each other's tokens, so these settings cannot be generated at a start. */
function requireShared(command: string, { databaseUrl, jwtSecret }: Config): void {
  if (databaseUrl === undefined)
    throw new StartError('DATABASE_URL must be set: this image does not contain PostgreSQL')
  if (command === 'server' && jwtSecret === undefined)
    throw new StartError('JWT_SECRET must be set, the same for every server. Example: openssl rand -base64 48')
}
