// The queries of accounts.
import type { Role } from '#shared/rows/rows.ts'
import type { Database, Sql, Tx } from '../database/database.ts'

export interface Account {
  id: string
  name: string
  email: string
  role: Role
  orgName: string
}

export async function findLogin(database: Database, email: string) {
  const [login] = await database.anonymous<{ orgId: string; id: string; passwordHash: string; disabled: boolean }[]>`
    select org_id as "orgId", id, password_hash as "passwordHash", disabled from find_login(${email})`
  return login
}

export async function hasOrganisations(database: Database): Promise<boolean> {
  const [row] = await database.anonymous<{ known: boolean }[]>`select has_organisations() as known`
  return row!.known
}

/** The person behind a session, unless the session ended or the person is disabled. */
export async function findPerson(
  sql: Sql,
  { orgId, userId, sessionId }: { orgId: string; userId: string; sessionId: string },
) {
  const [person] = await sql<Account[]>`
    select u.id, u.name, u.email, u.role, o.name as "orgName"
    from sessions s join users u on u.org_id = s.org_id and u.id = s.user_id join organisations o on o.org_id = s.org_id
    where s.org_id = ${orgId} and s.id = ${sessionId} and s.user_id = ${userId}
      and s.revoked_at is null and s.expires_at > now() and not u.disabled`
  return person
}

export interface SessionRow {
  userId: string
  tokenHash: string
  previousHash: string | null
  rotatedMsAgo: number
  over: boolean
  /** True if the person is disabled. */
  disabled: boolean
}

export async function lockSession(sql: Sql, orgId: string, id: string): Promise<SessionRow | undefined> {
  const [session] = await sql<SessionRow[]>`
    select user_id as "userId", encode(token_hash, 'hex') as "tokenHash", encode(previous_hash, 'hex') as "previousHash",
      (extract(epoch from now() - rotated_at) * 1000)::float8 as "rotatedMsAgo",
      revoked_at is not null or expires_at <= now() as over,
      exists (select from users u where u.org_id = sessions.org_id and u.id = user_id and u.disabled) as disabled
    from sessions where org_id = ${orgId} and id = ${id} for update`
  return session
}

export function insertSession(
  { sql, write }: Tx,
  session: { orgId: string; id: string; userId: string; tokenHash: string; days: number },
): void {
  const { orgId, id, userId, tokenHash, days } = session
  write(sql`
    insert into sessions (org_id, id, user_id, token_hash, expires_at)
    values (${orgId}, ${id}, ${userId}, decode(${tokenHash}, 'hex'), now() + make_interval(days => ${days}))`)
}

export function rotateSession(
  { sql, write }: Tx,
  session: { orgId: string; id: string; tokenHash: string; days: number },
): void {
  const { orgId, id, tokenHash, days } = session
  write(sql`
    update sessions set previous_hash = token_hash, token_hash = decode(${tokenHash}, 'hex'), rotated_at = now(),
      expires_at = now() + make_interval(days => ${days})
    where org_id = ${orgId} and id = ${id}`)
}

export function revokeSession({ sql, write }: Tx, orgId: string, id: string): void {
  write(sql`update sessions set revoked_at = now() where org_id = ${orgId} and id = ${id} and revoked_at is null`)
}

export function revokeSessionsOf({ sql, write }: Tx, orgId: string, userId: string): void {
  write(
    sql`update sessions set revoked_at = now() where org_id = ${orgId} and user_id = ${userId} and revoked_at is null`,
  )
}

export function insertOrganisation({ sql, write }: Tx, { orgId, name }: { orgId: string; name: string }): void {
  write(sql`insert into organisations (org_id, name) values (${orgId}, ${name})`)
  write(sql`insert into org_heads (org_id) values (${orgId})`)
}

export interface NewUser {
  orgId: string
  id: string
  name: string
  email: string
  passwordHash: string
  role: Role
}

export function insertUser({ sql, write }: Tx, user: NewUser, version: number): void {
  const { orgId, id, name, email, passwordHash, role } = user
  write(sql`
    insert into users (org_id, id, name, email, password_hash, role, version)
    values (${orgId}, ${id}, ${name}, ${email}, ${passwordHash}, ${role}, ${version})`)
}

export async function findMember(sql: Sql, orgId: string, id: string) {
  const [member] = await sql<
    { id: string; name: string; email: string; role: Role; disabled: boolean; version: number }[]
  >`
    select id, name, email, role, disabled, version from users where org_id = ${orgId} and id = ${id}`
  return member
}

export function updateMember(
  { sql, write }: Tx,
  member: { orgId: string; id: string; role: Role; disabled: boolean },
  version: number,
): void {
  const { orgId, id, role, disabled } = member
  write(
    sql`update users set role = ${role}, disabled = ${disabled}, version = ${version} where org_id = ${orgId} and id = ${id}`,
  )
}

export function updatePassword(
  { sql, write }: Tx,
  { orgId, id, passwordHash }: { orgId: string; id: string; passwordHash: string },
  version: number,
): void {
  write(sql`
    update users set password_hash = ${passwordHash}, version = ${version} where org_id = ${orgId} and id = ${id}`)
}
