import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from './folder-lock.ts'

describe('lockFolder', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockhand-lock-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('creates the folder, locks it, and removes the lock', () => {
    const inner = join(folder, 'data')
    const unlock = lockFolder(inner)
    expect(readdirSync(inner)).toEqual(['lock'])
    unlock()
    expect(readdirSync(inner)).toEqual([])
  })

  it('throws while a living process holds the lock, and names that process', () => {
    const start = String(startOf(process.ppid))
    writeFileSync(join(folder, 'lock'), `${process.ppid} ${start}`)
    expect(() => lockFolder(folder)).toThrow(`is in use by another Stockhand (process ${process.ppid})`)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it.each([
    ['of a process that has ended', '4194303 1'],
    ['of a process id that another process has now', `${process.ppid} 1`],
    ['of our own process id, as in a restarted container', `${process.pid} 1`],
    ['that is empty', ''],
    ['that is garbage', 'what is this'],
  ])('replaces a lock %s', (_, content) => {
    writeFileSync(join(folder, 'lock'), content)
    lockFolder(folder)()
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })

  it('does not release a lock that another process has by now', () => {
    const unlock = lockFolder(folder)
    writeFileSync(join(folder, 'lock'), '1 1')
    unlock()
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  function startOf(pid: number): string {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  }
})
