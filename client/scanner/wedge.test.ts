// The wedge recognises every scan and never invents one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Wedge, type WedgeSettings } from './wedge.ts'

type End = 'Enter' | 'Tab' | 'pause'

/** Plays keys at their own times, like the binding: a pause is only noticed when no key is waiting. */
class Player {
  readonly codes: string[] = []
  readonly wedge: Wedge
  leaked = ''
  now = 1000
  inField = false

  constructor(settings: Partial<WedgeSettings> = {}) {
    this.wedge = new Wedge(settings)
  }

  type(text: string, gapsMs: number | readonly number[]): void {
    Array.from(text).forEach((char, index) => {
      this.wait(typeof gapsMs === 'number' ? gapsMs : (gapsMs[index % gapsMs.length] ?? 1))
      const { scans, isConsumed } = this.wedge.key({ text: char, at: this.now, inField: this.inField })
      if (!isConsumed) this.leaked += char
      this.codes.push(...scans.map((scan) => scan.code))
    })
  }

  end(end: End, afterMs = 1): boolean {
    if (end === 'pause') {
      this.wait(101)
      return false
    }
    this.wait(afterMs)
    const { scans, isConsumed } = this.wedge.terminator(this.now)
    this.codes.push(...scans.map((scan) => scan.code))
    return isConsumed
  }

  wait(ms: number): void {
    const until = this.now + ms
    const { deadline } = this.wedge
    if (deadline !== undefined && deadline < until) {
      this.codes.push(...this.wedge.pause(deadline + 0.1).scans.map((scan) => scan.code))
    }
    this.now = until
  }
}

const among = (characters: string) => fc.constantFrom(...Array.from(characters))
const code = fc.string({ minLength: 4, maxLength: 40, unit: among('0123456789ABCDEFabc-. /\x1d') })
const pace = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 })
const end = fc.constantFrom<End>('Enter', 'Tab', 'pause')

describe('any scans', () => {
  const scans = fc.array(fc.record({ code, end, pace, between: fc.integer({ min: 0, max: 300 }) }), { maxLength: 20 })

  test('at scanner pace, with any terminator, give exactly their codes, in a field or not', () => {
    fc.assert(
      fc.property(scans, fc.boolean(), (made, inField) => {
        const player = new Player()
        player.inField = inField
        for (const scan of made) {
          player.wait(scan.between)
          player.type(scan.code, scan.pace)
          player.end(scan.end)
        }
        expect(player.codes).toEqual(made.map((scan) => scan.code))
      }),
    )
  })

  test('delivered late and all at once give the same codes, because only the times of the keys count', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ code, end, pace }), { minLength: 1, maxLength: 12 }), (made) => {
        const wedge = new Wedge()
        const codes: string[] = []
        let at = 0
        for (const scan of made) {
          for (const [index, char] of Array.from(scan.code).entries()) {
            at += scan.pace[index % scan.pace.length] ?? 1
            codes.push(...wedge.key({ text: char, at, inField: false }).scans.map((taken) => taken.code))
          }
          if (scan.end === 'pause') at += 101
          else codes.push(...wedge.terminator(++at).scans.map((taken) => taken.code))
        }
        codes.push(...wedge.pause(at + 1000).scans.map((taken) => taken.code))
        expect(codes).toEqual(made.map((scan) => scan.code))
      }),
    )
  })

  test('committed as text without keys give exactly their codes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 4, unit: among('0123456789]CQ') })), (codes) => {
        const wedge = new Wedge()
        const raws = codes.flatMap((text, at) =>
          wedge.commit({ text, at, inField: true }).scans.map((scan) => scan.raw),
        )
        expect(raws).toEqual(codes)
      }),
    )
  })
})

describe('a person', () => {
  const slow = fc.array(fc.integer({ min: 60, max: 900 }), { minLength: 1, maxLength: 12 })
  const text = fc.string({ minLength: 1, maxLength: 30, unit: among('abcdefghij 0123456789') })

  test('typing at a person’s pace does not create a scan or lose a key', () => {
    fc.assert(
      fc.property(text, slow, fc.boolean(), (typed, gaps, inField) => {
        const player = new Player()
        player.inField = inField
        player.type(typed, gaps)
        expect(player.end('Enter', 80)).toBe(false)
        player.wait(2000)
        expect(player.codes).toEqual([])
        expect(player.leaked).toBe(typed)
      }),
    )
  })

  test('typing between scans does not change them', () => {
    const turns = fc.array(fc.record({ typed: text, gaps: slow, code, end }), { maxLength: 8 })
    fc.assert(
      fc.property(turns, (made) => {
        const player = new Player()
        player.inField = true
        for (const turn of made) {
          player.type(turn.typed, turn.gaps)
          player.wait(60)
          player.type(turn.code, [3])
          player.end(turn.end)
          player.wait(150)
        }
        expect(player.codes).toEqual(made.map((turn) => turn.code))
      }),
    )
  })

  test('a key that is held down is not a scan', () => {
    const wedge = new Wedge()
    for (let at = 0; at < 600; at += 30) {
      wedge.key({ text: '1', at, inField: true })
      wedge.interrupt(at)
    }
    expect(wedge.pause(2000).scans).toEqual([])
  })
})

describe('ten scans in a second', () => {
  test('are ten, without terminators, each 100 ms after the last', () => {
    const player = new Player()
    for (let n = 0; n < 10; n++) {
      player.type(`400638133393${n}`, 3)
      player.wait(61)
    }
    player.wait(200)
    expect(player.codes).toEqual(Array.from({ length: 10 }, (_, n) => `400638133393${n}`))
  })

  test('of the same code are ten', () => {
    const player = new Player()
    for (let n = 0; n < 10; n++) {
      player.type('4006381333931', 1)
      player.end('Enter', 0)
    }
    expect(player.codes).toEqual(Array.from({ length: 10 }, () => '4006381333931'))
  })
})

describe('the scanner’s terminator does not reach the page', () => {
  test('neither after a scan, nor its line feed, nor after the pause', () => {
    const player = new Player()
    player.type('4006381333931', 2)
    expect(player.end('Enter')).toBe(true)
    expect(player.end('Enter', 5)).toBe(true)
    player.wait(500)
    player.type('4006381333931', 2)
    player.end('pause')
    expect(player.end('Enter', 20)).toBe(true)
    player.wait(500)
    expect(player.end('Enter')).toBe(false)
  })
})

describe('the characters that a scanner adds', () => {
  const scan = (raw: string, settings: Partial<WedgeSettings> = {}) => {
    const { scans } = new Wedge(settings).commit({ text: raw, at: 5, inField: false })
    return scans[0]
  }

  test.each([
    [']C10104012345678901', ']C1', 'Code 128', true],
    [']E04006381333931', ']E0', 'EAN/UPC', false],
    [']d20104012345678901', ']d2', 'Data Matrix', true],
    [']Q30104012345678901', ']Q3', 'QR', true],
    [']A0SHELF-7', ']A0', 'Code 39', false],
  ])('the AIM identifier of %s is removed from the code and returned', (raw, aim, name, isGs1) => {
    expect(scan(raw)).toEqual({ code: raw.slice(3), raw, symbology: { aim, name, isGs1 }, at: 5 })
  })

  test('prefix and suffix are removed if they are there, before the identifier', () => {
    expect(scan('<]E04006381333931>', { prefix: '<', suffix: '>' })?.code).toBe('4006381333931')
    expect(scan('4006381333931', { prefix: '<', suffix: '>' })?.code).toBe('4006381333931')
  })

  test('FNC1 stays as GS, and a configured substitute becomes GS', () => {
    expect(scan('10LOT\x1d3712')?.code).toBe('10LOT\x1d3712')
    expect(scan('10LOT{GS}3712', { groupSeparator: '{GS}' })?.code).toBe('10LOT\x1d3712')
  })

  test('text of several lines is several scans', () => {
    const { scans } = new Wedge().commit({ text: '4006381333931\r\n4006381333948\n', at: 1, inField: false })
    expect(scans.map((each) => each.code)).toEqual(['4006381333931', '4006381333948'])
  })
})
