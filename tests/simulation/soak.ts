// `npm run soak -- --seeds 2000 [--seed 1] [--bug 'its name']`: runs one world after the other until one breaks a rule.
import { parseArgs } from 'node:util'
import { cloneDatabase, startTemplateServer, TEMPLATE, withDatabase } from '../support/template-server.ts'
import { plant } from './planted-bugs/plant.ts'
import { PLANTED_BUGS } from './planted-bugs/planted-bugs.ts'

const PROGRESS_EVERY = 50
const DATABASE = 'simulation'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    bug: { type: 'string' },
    /** An existing database of a test. */
    url: { type: 'string' },
    owner: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})

if (values.bug !== undefined) {
  const bug = PLANTED_BUGS.find(({ name }) => name === values.bug)
  if (!bug) throw new Error(`there is no planted bug ${values.bug}`)
  await plant(bug)
}
// Imported only now, because a bug must be planted before the product is loaded.
const { runSeed } = await import('./run-seed.ts')
const { SimulationStage } = await import('./world/stage.ts')

if (values.url !== undefined && values.owner !== undefined) await run({ url: values.url, ownerUrl: values.owner })
else {
  const server = await startTemplateServer()
  try {
    await cloneDatabase(server.ownerUrl, { name: DATABASE, template: TEMPLATE })
    await run({ url: withDatabase(server.url, DATABASE), ownerUrl: withDatabase(server.ownerUrl, DATABASE) })
  } finally {
    await server.stop()
  }
}
// Anything that a planted bug left open must not keep the process alive.
process.exit()

async function run(urls: { url: string; ownerUrl: string }): Promise<void> {
  const stage = new SimulationStage(urls)
  const [first, count] = [Number(values.seed), Number(values.seeds)]
  const start = performance.now()
  for (let done = 1; done <= count; done++) {
    const failure = await runSeed(stage, first + done - 1, { shrinks: !values.quick })
    if (failure) {
      print(failure.report)
      process.exitCode = 1
      break
    }
    const rate = ((done * 1000) / (performance.now() - start)).toFixed(1)
    if (done % PROGRESS_EVERY === 0 || done === count) print(`${done} seeds keep every rule, ${rate} seeds per second`)
  }
  await stage.close()
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
