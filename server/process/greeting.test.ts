import { describe, expect, it } from 'vitest'
import { greeting } from './greeting.ts'

const url = 'http://localhost:3000'
const people = [{ name: 'Maya', email: 'manager@example.com', role: 'manager' as const }]

describe('greeting', () => {
  it('tells the address, who may sign in, the password where it is known, and how to stop', () => {
    const text = greeting({ url, demo: { people, password: 'three-small-words-1' } })
    for (const part of [url, 'manager@example.com', 'three-small-words-1', 'Ctrl-C']) expect(text).toContain(part)
    expect(text).not.toContain('setup')
  })

  it('tells how to get another password where it is not known', () => {
    expect(greeting({ url, demo: { people } })).toContain('DEMO_PASSWORD=')
  })

  it('tells where a new server’s first organisation is made', () => {
    const text = greeting({ url, setupToken: 'abc' })
    expect(text).toContain(`${url}/setup?token=abc`)
    expect(text).not.toContain('demo')
  })
})
