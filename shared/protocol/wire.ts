// The wire contract: requests, answers and their bounds. These shapes are fixed; programs that we do not write use them.
import type { Detail } from '../values/refuse.ts'
import * as z from 'zod/mini'
import type { WireTables } from '../rows/rows.ts'
import { idSchema } from '../values/id.ts'
import { textSchema } from '../values/text.ts'
import { PULL_MAX } from './limits.ts'

/** The frame of a push. The mutations in it are checked one by one, so that the answer can name the bad one. */
export const pushFrameSchema = z.object({
  clientId: idSchema,
  epoch: z.int().check(z.minimum(1)),
  deviceNow: z.number().check(z.minimum(0), z.maximum(2 ** 47)),
  mutations: z.array(z.unknown()),
})

export const pullSchema = z.object({
  clientId: z.optional(idSchema),
  cursor: z.nullable(z.string().check(z.maxLength(1000))),
  limit: z.optional(z.int().check(z.minimum(1), z.maximum(PULL_MAX))),
  atLeast: z.optional(z.int().check(z.minimum(0))),
})
export type PullRequest = z.infer<typeof pullSchema>

export const liveSchema = z.object({
  clientId: z.optional(idSchema),
  cursor: z.nullable(z.string().check(z.maxLength(1000))),
})
export type LiveRequest = z.infer<typeof liveSchema>

export interface PushResult {
  seq: number
  status: 'applied' | 'merged' | 'refused' | 'duplicate'
  code?: string
  detail?: Detail
  /** The effective stamp, where the server changed it. */
  at?: string
}

/** How far the server has taken what a device sent. */
export interface Acknowledged {
  lastSeq: number
  /** The effective stamp of the device's last mutation. */
  lastAt: string | null
}

export interface PushAnswer extends Acknowledged {
  version: number
  serverNow: number
  results: PushResult[]
}

export interface PullAnswer extends Acknowledged {
  epoch: number
  version: number
  cursor: string
  more: boolean
  serverNow: number
  tables: WireTables
}

export interface LiveEvent {
  type: string
  [field: string]: unknown
}

export interface LiveMessage {
  epoch: number
  from: number
  to: number
  cursor: string
  lastSeq: number
  events: LiveEvent[]
  tables?: WireTables
}

export interface SignedIn {
  accessToken: string
  expiresInS: number
  user: { id: string; name: string; email: string; role: 'manager' | 'staff' | 'viewer' }
  org: { id: string; name: string }
}

export const loginSchema = z.object({ email: textSchema(254), password: textSchema(1000) })
