// Where backups are stored: a folder, or a bucket of any S3-compatible store. A backup is only visible when it is complete: in
// a folder it is renamed at the end, and a bucket shows an object when all its parts are there.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { pipeline } from 'node:stream/promises'
import { S3mini } from 's3mini'
import type { Config } from '../process/config.ts'

export interface BackupStorage {
  /** For messages: the folder, or the address of the bucket. */
  readonly where: string
  /** Resolves once it is stored durably. */
  put(name: string, content: Readable): Promise<void>
  get(name: string): Promise<Readable>
  /** The names of all stored files. */
  list(): Promise<string[]>
  remove(name: string): Promise<void>
}

/** The suffix of an incomplete backup. */
const PARTIAL = '.partial'
/** S3 allows 10,000 parts, so the largest possible backup has 160 GB. */
const PART_BYTES = 16 * 1024 * 1024

export function backupStorage({ dir, s3 }: Config['backups']): BackupStorage {
  return s3 ? bucket(s3) : folder(dir)
}

export function folder(path: string): BackupStorage {
  return {
    where: path,
    put: async (name, content) => {
      await mkdir(path, { recursive: true, mode: 0o700 })
      // Only one backup is made at a time, so these are from processes that were killed.
      for (const name of await readdir(path)) if (name.endsWith(PARTIAL)) await rm(join(path, name))
      const partial = join(path, name + PARTIAL)
      try {
        await pipeline(content, createWriteStream(partial, { mode: 0o600, flush: true }))
        await rename(partial, join(path, name))
        await syncFolder(path)
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },
    get: async (name) => {
      await stat(join(path, name)) // fails here if the file does not exist, because a stream would only fail when it is read
      return createReadStream(join(path, name))
    },
    list: async () => {
      const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      return names.filter((name) => !name.endsWith(PARTIAL))
    },
    remove: (name) => rm(join(path, name)),
  }
}

/** Makes the name of a new file durable. */
async function syncFolder(path: string): Promise<void> {
  const opened = await open(path)
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

function bucket({
  endpoint,
  region,
  accessKey,
  secretKey,
  prefix,
}: NonNullable<Config['backups']['s3']>): BackupStorage {
  const store = new S3mini({
    endpoint,
    region,
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    minPartSize: PART_BYTES,
    requestSizeInBytes: PART_BYTES,
  })
  return {
    where: `${endpoint}/${prefix}`,
    put: async (name, content) => {
      await store.putAnyObject(prefix + name, Readable.toWeb(content) as unknown as ReadableStream)
    },
    get: async (name) => {
      const response = await store.getObjectResponse(prefix + name)
      if (!response?.body) throw new Error(`there is no ${prefix}${name} in ${endpoint}`)
      return Readable.fromWeb(response.body as WebStream)
    },
    list: async () => {
      const objects = (await store.listObjects('/', prefix)) ?? []
      return objects.map(({ Key }) => Key.slice(prefix.length))
    },
    remove: async (name) => {
      await store.deleteObject(prefix + name)
    },
  }
}
