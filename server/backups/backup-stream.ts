// Converts between the text of a backup and its file: zstd, and age if it is encrypted (age-encryption.org/v1). The server
// only has the public key. Restoring needs the private one.
import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { Decrypter, Encrypter } from 'age-encryption'
import { BackupDamaged } from './backup-file.ts'

/** Higher levels take more time than the smaller size is worth. */
const ZSTD_LEVEL = 6
const AGE_MAGIC = 'age-encryption.org/'

/** Counts and hashes the bytes of a file that pass through. */
export class FileDigest extends Transform {
  bytes = 0
  readonly #hash = createHash('sha256')

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    done(null, chunk)
  }

  sha256(): string {
    return this.#hash.digest('hex')
  }
}

/** Converts the text of a backup to the content of its file. `recipient` is an age public key. */
export async function pack(text: AsyncIterable<Uint8Array>, recipient: string | undefined): Promise<Readable> {
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
  // Passes errors of the input on to the reader.
  pipeline(Readable.from(text), compress).catch((error: Error) => compress.destroy(error))
  if (recipient === undefined) return compress
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return fromWeb(await encrypter.encrypt(toWeb(compress)))
}

/** Converts the content of a file to the text of the backup. @throws {BackupDamaged} also if `identity` cannot decrypt it */
export async function* unpack(file: Readable, identity: string | undefined): AsyncGenerator<Buffer> {
  const [first, content] = await peek(file)
  const isEncrypted = first.toString('latin1', 0, AGE_MAGIC.length) === AGE_MAGIC
  const decompress = createZstdDecompress()
  // Passes errors of the input on to the reader.
  pipeline(isEncrypted ? await decrypt(content, identity) : content, decompress).catch((error: Error) =>
    decompress.destroy(error),
  )
  try {
    yield* decompress as AsyncIterable<Buffer>
  } catch (error) {
    throw isDamage(error) ? new BackupDamaged(`this backup is damaged: ${error.message}`) : error
  }
}

function isDamage(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^(ZSTD_|Z_)/.test(String(error.code))
}

async function decrypt(content: Readable, identity: string | undefined): Promise<Readable> {
  if (identity === undefined)
    throw new BackupDamaged('this backup is encrypted: add --identity with the file of its key')
  const decrypter = new Decrypter()
  try {
    decrypter.addIdentity(identity)
    return fromWeb(await decrypter.decrypt(toWeb(content)))
  } catch {
    throw new BackupDamaged('this backup was encrypted for another key')
  }
}

/** The first chunk, and a stream of the whole file including it. */
async function peek(file: Readable): Promise<[Buffer, Readable]> {
  const chunks = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const { value, done } = await chunks.next()
  const first = done === true ? Buffer.alloc(0) : Buffer.from(value)
  async function* all() {
    yield first
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return [first, Readable.from(all())]
}

function toWeb(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
}

function fromWeb(stream: ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(stream as unknown as WebStream)
}
