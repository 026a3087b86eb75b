// Imports: a file as the body, as it is (application/octet-stream), its options in a header. It is read as it comes, and
// only once its sender is known to be a manager; it never lies in memory as a whole.
import { octetInputParser } from '@trpc/server/http'
import { z } from 'zod'
import type { Importer } from '../imports/importer.ts'
import type { ImportJob } from '../imports/import-run.ts'
import type { ImportReport } from '../imports/report.ts'
import type { Context } from './context.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { managerProcedure, router } from './trpc.ts'

/** `dryRun=true&location=Main%20store`, as in the query of a URL. */
const OPTIONS_HEADER = 'stockhand-import'
const optionsSchema = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  location: z.string().trim().min(1).max(200).optional(),
})

/** Organisations whose import runs in this process: two at once would only wait for each other. */
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
    // The request itself and not its copy that tRPC hands on: that one would fill the memory faster than we write.
    return await work(parts.importer, { orgId, userId, bytes: http.req.raw, ...options.data })
  } finally {
    running.delete(orgId)
  }
}
