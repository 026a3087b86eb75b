// The login that the application connects as. Guarantees: it exists and its password is the configured one, wherever the
// owner may see to it; it is given no right of its own. So a new database needs nothing by hand, and a changed password
// is taken over by the next migration.
import postgres, { type ReservedSql } from 'postgres'
import { StartError } from '../../process/start-error.ts'

type AppLogin = { user: string; password: string }

const CONNECT_TIMEOUT_S = 10
const WRONG_PASSWORD = '28P01'
/** Another migration, or another database of the same cluster, was quicker. */
const EXISTS_BY_NOW = ['42710', '23505']

/** @param url The application's. @throws {StartError} where the login is missing and the owner may not make it. */
export async function ensureAppLogin(connection: ReservedSql, url: string): Promise<void> {
  const { user, password } = readLogin(url)
  const [{ exists, isOwner } = {}] = await connection<{ exists: boolean; isOwner: boolean }[]>`
    select exists (select from pg_roles where rolname = ${user}), current_user = ${user} as "isOwner"`
  if (isOwner) return
  try {
    if (!exists) await setPassword(connection, 'create', { user, password })
    else if (await isRefused(url)) await setPassword(connection, 'alter', { user, password })
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string }
    if (EXISTS_BY_NOW.includes(code)) return
    throw new StartError(
      `the database has no login "${user}" with the password of DATABASE_URL, and the one of DATABASE_OWNER_URL may ` +
        `not see to that (${message}): do it by hand (create role ${user} login password '…')`,
    )
  }
}

function readLogin(url: string): AppLogin {
  const { username, password } = new URL(url)
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/** A statement that defines a role takes no parameters: the database itself quotes what is put into it. */
async function setPassword(connection: ReservedSql, verb: 'create' | 'alter', { user, password }: AppLogin) {
  const [{ statement } = { statement: '' }] = await connection<{ statement: string }[]>`
    select format('%s role %I login password %L', ${verb}::text, ${user}::text, ${password}::text) as statement`
  await connection.unsafe(statement)
}

async function isRefused(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S })
  try {
    await sql`select 1`
    return false
  } catch (error) {
    return (error as { code?: string }).code === WRONG_PASSWORD
  } finally {
    await sql.end({ timeout: 1 })
  }
}
