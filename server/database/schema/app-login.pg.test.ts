import { randomBytes } from 'node:crypto'
import pino from 'pino'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmptyTestDatabase, type TestDatabase } from '../../../tests/support/postgres.ts'
import { migrate } from './migrate.ts'

const log = pino({ level: 'silent' })

describe('the login of the application', () => {
  let database: TestDatabase
  let owner: postgres.Sql
  const user = `shop_${randomBytes(4).toString('hex')}`
  const maker = `maker_${randomBytes(4).toString('hex')}`

  beforeEach(async () => {
    database = await createEmptyTestDatabase()
    owner = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined })
  })
  afterEach(async () => {
    await owner.end()
    const { ownerUrl } = database
    await database.drop()
    const sql = postgres(new URL('/postgres', ownerUrl).href, { max: 1, onnotice: () => undefined })
    for (const role of [user, maker]) await sql`drop role if exists ${sql(role)}`
    await sql.end()
  })

  const login = (name: string, password: string) => {
    const url = new URL(database.url)
    url.username = name
    url.password = password
    return url.href
  }

  async function whoIs(url: string): Promise<unknown> {
    const sql = postgres(url, { max: 1 })
    try {
      const [row] = await sql`
        select rolsuper as super, rolcreatedb as databases, rolcreaterole as roles, rolbypassrls as rows,
          pg_has_role(current_user, 'stockhand_app', 'member') as app
        from pg_roles where rolname = current_user`
      return row
    } finally {
      await sql.end()
    }
  }

  it('is created if it does not exist, with only the application’s rights', async () => {
    const url = login(user, 'it’s "quoted" $1')
    await migrate(database.ownerUrl, { appUrl: url, log })
    expect(await whoIs(url)).toEqual({ super: false, databases: false, roles: false, rows: false, app: true })
  })

  it('gets a changed password by the next migration', async () => {
    await migrate(database.ownerUrl, { appUrl: login(user, 'before'), log })
    await migrate(database.ownerUrl, { appUrl: login(user, 'after'), log })
    await expect(whoIs(login(user, 'before'))).rejects.toThrow(/password authentication failed/)
    expect(await whoIs(login(user, 'after'))).toMatchObject({ app: true })
  })

  it('is requested in one line without its password if the owner is not allowed to create it', async () => {
    await migrate(database.ownerUrl, { log })
    await owner.unsafe(`create role ${maker} login password 'maker'; grant all on schema public to ${maker};
      grant all on all tables in schema public to ${maker}`)
    const failure = migrate(login(maker, 'maker'), { appUrl: login(user, 'hunter2'), log })
    await expect(failure).rejects.toThrow(
      new RegExp(`^the database has no login "${user}" .* \\(permission denied to create role\\): do it by hand .*$`),
    )
    await expect(failure).rejects.not.toThrow(/hunter2/)
  })
})
