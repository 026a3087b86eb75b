// A server in a process of its own, to be killed: everything from the environment, no build of the client.
import pino from 'pino'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'

const config = readConfig(process.env)
const url = config.databaseUrl!
await startServer({ config, database: { url, ownerUrl: url, embedded: false }, log: pino({ level: 'silent' }) })
