// Imports: the body is the unchanged file (application/octet-stream), and a header has the options. The file is streamed, and
// not read before the sender is known to be a manager.
import { octetInputParser } from '@trpc/server/http'
import { z } from 'zod'
import type { Importer } from '../imports/importer.ts'
import type { ImportJob } from '../imports/import-run.ts'
import type { ImportReport } from '../imports/report.ts'
import type { Context } from './context.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { managerProcedure, router } from './trpc.ts'

/** `dryRun=true&location=Main%20store`, in the format of a URL query. */
const OPTIONS_HEADER = 'stockhand-import'
const optionsSchema = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  location: z.string().trim().min(1).max(200).optional(),
})

/** Organisations with a running import in this process. Two at once would only wait for each other. */
const running = new Set<string>()

export const importsRouter = router({
  products: managerProcedure
    .input(octetInputParser)
    .mutation(({ ctx }) => importFile(ctx, (importer, job) => importer.products(job))),

  movements: managerProcedure
    .input(octetInputParser)
    .mutation(({ ctx }) => importFile(ctx, (importer, job) => importer.movements(job))),
})

async function importFile(
  { parts, http, viewer: { orgId, userId } }: Context & { viewer: { orgId: string; userId: string } },
  work: (importer: Importer, job: ImportJob) => Promise<ImportReport>,
): Promise<ImportReport> {
  if (!http) throw new RequestRefusedError('malformed')
  const header = http.req.headers[OPTIONS_HEADER]
  const options = optionsSchema.safeParse(Object.fromEntries(new URLSearchParams(header?.toString() ?? '')))
  if (!options.success) throw new RequestRefusedError('malformed', { cause: options.error })
  if (running.has(orgId)) throw new RequestRefusedError('rate_limited', { retryAfterS: 10 })
  running.add(orgId)
  try {
    // The request itself, because tRPC's copy of it would fill the memory faster than we write.
    return await work(parts.importer, { orgId, userId, bytes: http.req.raw, ...options.data })
  } finally {
    running.delete(orgId)
  }
}
