// What `npm start` says when it is ready, for the person in front of it. A password stands there only where this start
// made or changed it; otherwise how to get another one.
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
        ? 'Their password was shown at the first start. Lost? DEMO_PASSWORD=a-new-one npm start'
        : `Password of all three: ${demo.password}  (kept only as a hash: note it, or set DEMO_PASSWORD)`,
    )
  }
  if (setupToken !== undefined) {
    lines.push(
      '',
      'There is no organisation yet. Open this address to make yours:',
      `  ${url}/setup?token=${setupToken}`,
    )
  }
  lines.push('', 'To stop: Ctrl-C')
  return `\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n\n`
}
