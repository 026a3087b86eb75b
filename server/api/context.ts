// The context of every procedure: the caller, the time when the request arrived, and the modules to delegate to.
import type {} from '@fastify/cookie' // its additions to the types of requests and replies
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import type { Database } from '../database/database.ts'
import type { BackupNote } from '../backups/backup-store.ts'
import type { LiveFeed } from '../feed/live.ts'
import type { PullParts } from '../feed/pull.ts'
import type { Admission } from './admission.ts'
import type { Importer } from '../imports/importer.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LoginLimits } from '../accounts/login-limits.ts'
import type { Metrics } from '../metrics/metrics.ts'

export interface ApiParts {
  admission: Admission
  accounts: Accounts
  backups: {
    /** The newest first. */
    list(): Promise<BackupNote[]>
    /** Requests a backup from the process that makes them. Returns false if the newest one began a few minutes ago. */
    ask(): Promise<boolean>
  }
  database: Database
  feed: LiveFeed
  pulling: PullParts
  importer: Importer
  ledger: Ledger
  loginLimits: LoginLimits
  metrics: Pick<Metrics, 'pushAccepted' | 'pushRefused' | 'pulled'>
  /** Protects the setup of a new server. Undefined if the demo created the organisation. */
  setupToken: string | undefined
}

export interface Context {
  parts: ApiParts
  accessToken: string | undefined
  /** The server's clock when the head of the request arrived, Unix ms. */
  receivedAt: number
  /** Absent on sockets. */
  http?: { req: FastifyRequest; res: FastifyReply; address: string } | undefined
}

/** A request on a socket is received when it is read, not when the socket was opened. */
export function socketContext(parts: ApiParts, accessToken: string | undefined): Context {
  return {
    parts,
    accessToken,
    get receivedAt() {
      return Date.now()
    },
  }
}

export function bearerToken(header: string | undefined): string | undefined {
  return header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : undefined
}
