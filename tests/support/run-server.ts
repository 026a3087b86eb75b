// Runs a server in a separate process that can be killed. All settings come from the environment, and no client is
// built.
import pino from 'pino'
import { readConfig } from '../../server/process/config.ts'
import { startServer } from '../../server/main.ts'

// Without jobs unless a test asks for them, because only the migration creates their tables.
const config = readConfig({ ROLES: 'api', ...process.env })
const url = config.databaseUrl!
const server = await startServer({
  config,
  database: { url, ownerUrl: config.databaseOwnerUrl ?? url, embedded: false },
  log: pino({ level: 'silent' }),
})
// As in server/commands/start.ts: anything that a library leaves open must not keep the process alive.
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)))
