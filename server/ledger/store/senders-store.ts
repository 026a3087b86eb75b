// The devices, people and sessions that send a group of batches, and which of its mutations were decided before.
import type { Role } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'

export interface DeviceRow {
  clientId: string
  userId: string
  lastSeq: number
  lastAt: string | null
}

export interface KnownMutation {
  id: string
  clientId: string
  seq: number
  code: string | null
  detail: Record<string, unknown> | null
}

export interface Senders {
  /** Those of the sending devices that have sent before. */
  devices: Map<string, DeviceRow>
  /** The roles of the people, without those who are disabled. */
  roles: Map<string, Role>
  /** Those of the sessions that are valid. */
  sessions: Set<string>
  /** Those of the mutations that were decided before, with their answers. */
  known: Map<string, KnownMutation>
  /** When the versions that devices had seen were committed, and the latest version, Unix ms. */
  commitTimes: Map<number, number>
}

export const NO_SENDERS = { clientIds: [], userIds: [], sessionIds: [], mutationIds: [], versions: [] }

type SenderRow =
  | { kind: 'device'; id: string; other: string; number: number; text: string | null }
  | { kind: 'person'; id: string; text: Role }
  | { kind: 'session'; id: string }
  | { kind: 'known'; id: string; other: string; number: number; text: string | null; detail: KnownMutation['detail'] }
  | { kind: 'commit'; number: number; time: number }

/** What is stored about the senders and their mutations. One statement, because every push runs it. */
export async function loadSenders(
  sql: Sql,
  orgId: string,
  wanted: { clientIds: string[]; userIds: string[]; sessionIds: string[]; mutationIds: string[]; versions: number[] },
): Promise<Senders> {
  const { clientIds, userIds, sessionIds, mutationIds, versions } = wanted
  const rows = await sql<SenderRow[]>`
    select 'known' as kind, id, client_id as other, seq as number, code as text, detail, null::int8 as time
    from mutations where org_id = ${orgId} and id = any(${mutationIds}::uuid[])
    union all
    select 'device', client_id, user_id, last_seq, last_at, null, null
    from devices where org_id = ${orgId} and client_id = any(${clientIds}::uuid[])
    union all
    select 'person', id, null, null, role, null, null
    from users where org_id = ${orgId} and id = any(${userIds}::uuid[]) and not disabled
    union all
    select 'session', id, null, null, null, null, null
    from sessions
    where org_id = ${orgId} and id = any(${sessionIds}::uuid[]) and revoked_at is null and expires_at > now()
    union all
    select 'commit', null, null, version, null, null, at_ms
    from commits
    where org_id = ${orgId}
      and version = any(array_append(${versions}::int8[], (select version from org_heads where org_id = ${orgId})))`
  const senders: Senders = {
    devices: new Map(),
    roles: new Map(),
    sessions: new Set(),
    known: new Map(),
    commitTimes: new Map(),
  }
  for (const row of rows) addRow(senders, row)
  return senders
}

function addRow(senders: Senders, row: SenderRow): void {
  switch (row.kind) {
    case 'device': {
      const { id, other, number, text } = row
      senders.devices.set(id, { clientId: id, userId: other, lastSeq: number, lastAt: text })
      return
    }
    case 'person':
      senders.roles.set(row.id, row.text)
      return
    case 'session':
      senders.sessions.add(row.id)
      return
    case 'known': {
      const { id, other, number, text, detail } = row
      senders.known.set(id, { id, clientId: other, seq: number, code: text, detail })
      return
    }
    case 'commit':
      senders.commitTimes.set(row.number, row.time)
  }
}
