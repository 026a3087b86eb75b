// A server in a process of its own, to be killed: everything from the environment, no build of the client.
import pino from 'pino'
import { readConfig } from '../../server/process/config.ts'
import { startServer } from '../../server/main.ts'

// Without jobs unless a test asks for them: their tables are made by whoever migrates.
const config = readConfig({ ROLES: 'api', ...process.env })
const url = config.databaseUrl!
const server = await startServer({
  config,
  database: { url, ownerUrl: config.databaseOwnerUrl ?? url, embedded: false },
  log: pino({ level: 'silent' }),
})
// As server/commands/start.ts does: what a library leaves open must not keep the process.
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)))
