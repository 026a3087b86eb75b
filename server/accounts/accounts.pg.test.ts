import { expect, test } from 'vitest'
import { PASSWORD, useLedger } from '../../tests/support/ledger-under-test.ts'
import type { Issued } from './accounts.ts'
import { checkLedger } from '../ledger/verify/ledger-check.ts'

const parts = useLedger()

test('[I7] changes to people are audited with their author, without a password or its hash', async () => {
  const { accounts, database, orgId, manager, staff } = parts
  const email = `staff@${(parts as unknown as { domain: string }).domain}`
  const issued = (await accounts.login(email, PASSWORD)) as Issued
  await accounts.setPassword(email, 'another horse battery')
  await accounts.updateMember(orgId, manager, { id: staff, role: 'viewer' })
  await accounts.updateMember(orgId, manager, { id: staff, disabled: true })
  const lines = await database.snapshot(
    orgId,
    (sql) => sql<{ action: string; by: string | null; line: string }[]>`
    select action, user_id as by, row_to_json(audit_log)::text as line from audit_log where key = ${staff} order by no`,
  )
  expect(lines.map(({ action, by }) => [action, by])).toEqual([
    ['organisation.create', null],
    ['member.password', null],
    ['member.update', manager],
    ['member.update', manager],
  ])
  const [user] = await database.snapshot(
    orgId,
    (sql) => sql<{ hash: string; version: number }[]>`
    select password_hash as hash, version from users where id = ${staff}`,
  )
  for (const { line } of lines) for (const secret of [user!.hash, 'horse', 'argon2']) expect(line).not.toContain(secret)
  expect(user!.version).toBe(parts.notices.at(-1)!.to)
  expect((await checkLedger(database, orgId)).findings).toEqual([])
  expect(await accounts.refresh(issued.refreshToken)).toBe('disabled')
})

test('[I7][I3] the reuse of a refresh token is audited and ends the session', async () => {
  const { accounts, database, orgId, manager, notices } = parts
  const { refreshToken } = (await accounts.openSession(orgId, manager))!
  const next = (await accounts.refresh(refreshToken)) as Issued
  await database.transaction(orgId, async ({ sql, write }) =>
    write(sql`update sessions set rotated_at = now() - interval '21 seconds' where org_id = ${orgId}`),
  )
  expect(await accounts.refresh(refreshToken)).toBeUndefined()
  expect(await accounts.refresh(next.refreshToken)).toBeUndefined()
  const [line] = await database.snapshot(
    orgId,
    (sql) => sql<{ action: string; key: string; by: string | null; version: number }[]>`
    select action, key, user_id as by, version from audit_log order by no desc limit 1`,
  )
  expect(line).toEqual({ action: 'member.token_reused', key: manager, by: null, version: notices.at(-1)!.to })
  expect((await checkLedger(database, orgId)).findings).toEqual([])
})

test('[I7] setting the current password again does not change anything', async () => {
  const { accounts, notices } = parts
  const known = notices.length
  await accounts.setPassword(`viewer@${(parts as unknown as { domain: string }).domain}`, PASSWORD)
  expect(notices).toHaveLength(known)
})
