// Reads the lines of a file as it arrives. Guarantees: every line has its number; UTF-8 and UTF-16 (by its byte-order mark)
// are read, and other content is refused before any row is imported; an invalid byte affects only its line.
import { isUtf8 } from 'node:buffer'
import { FileRefusedError } from './report.ts'
import type { ImportReport } from './report.ts'

export interface FileLine {
  no: number
  text: string
  /** The line has bytes that are not UTF-8. */
  isBroken?: boolean
}

/** A device on a slow connection sends this in minutes. Larger files have to be split. */
export const IMPORT_MAX_BYTES = 64 * 1024 * 1024
/** An endless line must not fill the memory. */
export const LINE_MAX_CHARACTERS = 64_000
const LINE_MAX_BYTES = 4 * LINE_MAX_CHARACTERS + 4

const BYTE_ORDER_MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const

/** The first bytes of XLSX, ODS and every other zip file. */
const ZIP = Buffer.from('PK\u0003\u0004', 'latin1')

type Encoding = ImportReport['encoding']

/** Enough to find a byte-order mark, and NULs in files that are not text. */
const SNIFF_BYTES = 512

const LF = 0x0a
const CR = 0x0d

/** @throws {FileRefusedError} if the file is empty, too large or not text */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  events: { encoding(encoding: Encoding): void; progress(bytes: number): void },
): AsyncGenerator<FileLine> {
  let rest: Buffer = Buffer.alloc(0)
  let end: number | undefined
  let no = 0
  for await (const chunk of utf8(bytes, events)) {
    // The first chunk decides. Files of old Macs end their lines with CR only.
    end ??= chunk.includes(LF) || !chunk.includes(CR) ? LF : CR
    let piece = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (let at = piece.indexOf(end); at >= 0; at = piece.indexOf(end)) {
      yield lineOf(piece.subarray(0, at), (no += 1))
      piece = piece.subarray(at + 1)
    }
    // The line is too long anyway. The part that is kept is enough to detect that.
    rest = piece.length > LINE_MAX_BYTES ? piece.subarray(0, LINE_MAX_BYTES) : piece
  }
  yield lineOf(rest, (no += 1))
}

function lineOf(bytes: Buffer, no: number): FileLine {
  const text = bytes.toString('utf8', 0, bytes.at(-1) === CR ? bytes.length - 1 : bytes.length)
  return text.includes('\uFFFD') && !isUtf8(bytes) ? { no, text, isBroken: true } : { no, text }
}

/** The bytes as UTF-8 without a byte-order mark, in chunks as they arrive. */
async function* utf8(
  bytes: AsyncIterable<Uint8Array>,
  events: { encoding(encoding: Encoding): void; progress(bytes: number): void },
): AsyncGenerator<Buffer> {
  let recode: ((chunk: Uint8Array) => Buffer) | undefined
  let head: Buffer = Buffer.alloc(0)
  let size = 0
  const begin = () => {
    const { encoding, skip } = sniff(head)
    events.encoding(encoding)
    const decoder = new TextDecoder(encoding)
    recode =
      encoding === 'utf-8'
        ? (chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }))
    return recode(head.subarray(skip))
  }
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > IMPORT_MAX_BYTES) throw new FileRefusedError('too_large')
    if (recode) yield recode(chunk)
    else {
      head = Buffer.concat([head, chunk])
      if (head.length >= SNIFF_BYTES) yield begin()
    }
    events.progress(size)
  }
  if (size === 0) throw new FileRefusedError('empty')
  if (!recode) yield begin()
}

function sniff(head: Buffer): { encoding: Encoding; skip: number } {
  const mark = BYTE_ORDER_MARKS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))
  if (mark && mark.encoding !== 'utf-8') return { encoding: mark.encoding, skip: mark.bytes.length }
  if (head.subarray(0, 4).equals(ZIP)) throw new FileRefusedError('not_text', 'this is a spreadsheet or an archive')
  const nul = head.subarray(0, SNIFF_BYTES).indexOf(0)
  if (nul >= 0) throw new FileRefusedError('not_text', nul < 2 ? 'perhaps UTF-16 without a byte-order mark' : undefined)
  return { encoding: 'utf-8', skip: mark?.bytes.length ?? 0 }
}
