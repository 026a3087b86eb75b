// The import command as a person runs it: a real process, with and without a running server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../tests/support/free-port.ts'
import { useLedger } from '../../tests/support/ledger-under-test.ts'
import { JWT_SECRET, startTestServer } from '../../tests/support/test-server.ts'

const parts = useLedger()

describe('npm run import', { timeout: 60_000 }, () => {
  let folder: string
  let port: number

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stockhand-import-'))
    port = await freePort()
    writeFileSync(join(folder, 'good.csv'), 'sku,name,quantity\nA,Apple,3\nB,Banana,4\n')
    writeFileSync(join(folder, 'bad.csv'), 'sku,name\nC,Cherry\n,Nothing\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function run(...args: string[]) {
    const env = {
      PATH: process.env['PATH'],
      DATA_DIR: folder,
      PORT: String(port),
      DATABASE_URL: parts.urls.url,
      DATABASE_OWNER_URL: parts.urls.ownerUrl,
      JWT_SECRET,
    }
    const child = spawn(process.execPath, [join(import.meta.dirname, 'import.ts'), ...args], { env, cwd: folder })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, output, errors }
  }

  it('imports into the database if no server runs: the report on stdout, the progress on stderr', async () => {
    const dry = await run('products', 'good.csv', '--dry-run', '--json')
    expect([dry.code, JSON.parse(dry.output)]).toEqual([0, expect.objectContaining({ dryRun: true, created: 2 })])
    const wet = await run('products', 'good.csv')
    expect(wet).toMatchObject({ code: 0, output: expect.stringMatching(/^2 rows of products:\n {2}created +2\n/) })
    expect(wet.errors).toContain('good.csv: 100 %')
    expect((await run('products', 'good.csv')).output).toMatch(/unchanged +2/)
  })

  it('imports through a running server, with a session that ends afterwards', async () => {
    const server = await startTestServer(parts.urls.url)
    try {
      const { code, output } = await run('products', 'bad.csv', '--url', server.url)
      expect(code).toBe(1)
      expect(output).toContain('line 3: The row has neither a barcode nor a SKU.')
      const open = await parts.database.snapshot(
        parts.orgId,
        (sql) => sql`select id from sessions where user_id = ${parts.manager} and revoked_at is null`,
      )
      expect([...open]).toEqual([])
    } finally {
      await server.stop()
    }
  })

  it.each([
    ['no arguments', [], 'npm run import -- products|movements FILE'],
    ['an unknown option', ['products', 'good.csv', '--colour'], '--colour'],
    ['no such file', ['products', 'none.csv'], 'there is no file none.csv'],
    ['no such organisation', ['products', 'good.csv', '--org', 'Nobody'], 'there is no organisation "Nobody"'],
    ['no server there', ['products', 'good.csv', '--url', 'http://127.0.0.1:1'], 'no Stockhand answers at'],
  ])('reports %s in one line, and exits with 2', async (_, args, message) => {
    const { code, output, errors } = await run(...args)
    expect([code, output]).toEqual([2, ''])
    expect(errors).toContain(message)
    expect(errors).not.toMatch(/\n\s+at /)
  })
})
