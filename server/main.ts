// Wiring only: builds the parts of the server and starts them. For now it serves the built client and nothing else.
import { join, resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import fastify from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.ts'

type Options = {
  config: Config
  database: { url: string; ownerUrl: string; embedded: boolean }
  log: Logger
}

const CLIENT = join(resolve(import.meta.dirname, '..'), 'dist/client')

export async function startServer({ config }: Options): Promise<{ url: string; stop(): Promise<void> }> {
  const app = fastify()
  await app.register(fastifyStatic, { root: CLIENT })
  await app.listen({ port: config.port, host: '0.0.0.0' })
  return { url: config.publicUrl, stop: () => app.close() }
}
