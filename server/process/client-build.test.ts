import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isClientStale } from './client-build.ts'

describe('isClientStale', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stockhand-build-'))
    for (const path of ['client/app/shell.tsx', 'shared/values/id.ts', 'vite.config.ts', 'package-lock.json'])
      write(path)
    for (const path of ['client', 'client/app', 'shared', 'shared/values']) age(path, 100)
    write('dist/client/index.html')
    age('dist/client/index.html', 50)
  })

  afterEach(() => rmSync(root, { recursive: true }))

  function write(path: string) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
    age(path, 100)
  }

  function age(path: string, seconds: number) {
    const time = Date.now() / 1000 - seconds
    utimesSync(join(root, path), time, time)
  }

  it('is false while the build is newer than its sources', () => {
    expect(isClientStale(root)).toBe(false)
  })

  it('is true without a build', () => {
    rmSync(join(root, 'dist'), { recursive: true })
    expect(isClientStale(root)).toBe(true)
  })

  it.each(['client/app/shell.tsx', 'shared/values/id.ts', 'vite.config.ts', 'package-lock.json', 'client/app'])(
    'is true after a change in %s',
    (path) => {
      age(path, 0)
      expect(isClientStale(root)).toBe(true)
    },
  )

  it('is false in an image, which has the build without its sources, whatever the time of shared/', () => {
    for (const path of ['client', 'vite.config.ts', 'package-lock.json']) rmSync(join(root, path), { recursive: true })
    age('shared/values/id.ts', 0)
    expect(isClientStale(root)).toBe(false)
  })
})
