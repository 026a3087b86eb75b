import { describe, expect, it } from 'vitest'
import { greeting } from './greeting.ts'

const url = 'http://localhost:3000'
const people = [{ name: 'Maya', email: 'manager@example.com', role: 'manager' as const }]

describe('greeting', () => {
  it('shows the address, the people, the password if it is known, and how to stop', () => {
    const text = greeting({ url, demo: { people, password: 'three-small-words-1' } })
    for (const part of [url, 'manager@example.com', 'three-small-words-1', 'Ctrl-C']) expect(text).toContain(part)
    expect(text).not.toContain('setup')
  })

  it('shows how to set a new password if the old one is not known', () => {
    expect(greeting({ url, demo: { people } })).toContain('DEMO_PASSWORD=')
  })

  it('shows the address at which the first organisation of a new server is created', () => {
    const text = greeting({ url, setupToken: 'abc' })
    expect(text).toContain(`${url}/setup?token=abc`)
    expect(text).not.toContain('demo')
  })
})
