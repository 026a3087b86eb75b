// The login of the application. Guarantees: if the owner is allowed to manage it, it exists and has the configured password;
// it does not get any rights of its own. So a new database needs no manual steps, and the next migration applies a changed
// password.
import postgres, { type ReservedSql } from 'postgres'
import { StartError } from '../../process/start-error.ts'

type AppLogin = { user: string; password: string }

const CONNECT_TIMEOUT_S = 10
const WRONG_PASSWORD = '28P01'
/** A migration at the same time, perhaps of another database of the same cluster, has created the login. */
const ALREADY_EXISTS = ['42710', '23505']

/** @param url The application's. @throws {StartError} if the login is missing and the owner is not allowed to create it */
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
    if (ALREADY_EXISTS.includes(code)) return
    throw new StartError(
      `the database has no login "${user}" with the password of DATABASE_URL, and the one of DATABASE_OWNER_URL may ` +
        `not create or change it (${message}): do it by hand (create role ${user} login password '…')`,
    )
  }
}

function readLogin(url: string): AppLogin {
  const { username, password } = new URL(url)
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/** A statement that defines a role cannot have parameters, so the database quotes the values itself. */
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
