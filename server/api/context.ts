// What every procedure gets: who asks, when the request's head arrived, and the parts it may delegate to.
import type {} from '@fastify/cookie' // what it adds to requests and replies
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
    /** Has one made as soon as a process is free that makes them. False where the newest was begun minutes ago. */
    ask(): Promise<boolean>
  }
  database: Database
  feed: LiveFeed
  pulling: PullParts
  importer: Importer
  ledger: Ledger
  loginLimits: LoginLimits
  metrics: Pick<Metrics, 'pushAccepted' | 'pushRefused' | 'pulled'>
  /** Guards the first visit of a new server; undefined where the demo made the organisation. */
  setupToken: string | undefined
}

export interface Context {
  parts: ApiParts
  accessToken: string | undefined
  /** The server's clock when the request's head arrived, Unix ms. */
  receivedAt: number
  /** Absent on sockets. */
  http?: { req: FastifyRequest; res: FastifyReply; address: string } | undefined
}

/** What is asked over a socket is asked when it comes, however long the socket has been open. */
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
