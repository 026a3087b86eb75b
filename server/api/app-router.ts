// All procedures. The client only imports the type.
import { authRouter } from './auth-router.ts'
import { backupsRouter } from './backups-router.ts'
import { catalogueRouter } from './catalogue-router.ts'
import { importsRouter } from './imports-router.ts'
import { ledgerRouter } from './ledger-router.ts'
import { live } from './live-router.ts'
import { movementsRouter } from './movements-router.ts'
import { peopleRouter } from './people-router.ts'
import { syncRouter } from './sync-router.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  auth: authRouter,
  sync: syncRouter,
  live,
  ledger: ledgerRouter,
  movements: movementsRouter,
  backups: backupsRouter,
  catalogue: catalogueRouter,
  people: peopleRouter,
  imports: importsRouter,
})

export type AppRouter = typeof appRouter
