// The text that `npm start` prints when it is ready. It contains the demo's password only if this start created or changed
// it, and otherwise how to set a new one.
import type { Demo } from '../demo/demo.ts'

interface Ready {
  url: string
  demo?: Demo
  setupToken?: string
}

export function greeting({ url, demo, setupToken }: Ready): string {
  const lines = [`Stockhand is running at ${url}`]
  if (demo) {
    lines.push('', 'Sign in as one of the demo people:')
    const width = Math.max(...demo.people.map(({ email }) => email.length))
    for (const { email, role, name } of demo.people) lines.push(`  ${email.padEnd(width)}  ${role.padEnd(7)}  ${name}`)
    lines.push(
      demo.password === undefined
        ? 'Their password was shown at the first start. To set a new one: DEMO_PASSWORD=a-new-one npm start'
        : `Password of all three: ${demo.password}  (only its hash is stored: note it, or set DEMO_PASSWORD)`,
    )
  }
  if (setupToken !== undefined) {
    lines.push(
      '',
      'There is no organisation yet. Open this address to create one:',
      `  ${url}/setup?token=${setupToken}`,
    )
  }
  lines.push('', 'To stop: Ctrl-C')
  return `\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n\n`
}
