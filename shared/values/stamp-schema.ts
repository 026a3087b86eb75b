// The form of a stamp on the wire. Separate from stamp.ts, which the service worker uses without any schema.
import * as z from 'zod/mini'

const STAMP = /^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{8}$/

export const stampSchema = z.string().check(z.regex(STAMP, 'not a stamp'))
