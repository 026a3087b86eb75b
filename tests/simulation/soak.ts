// `npm run soak -- --seeds 2000 [--seed 1]`: many worlds, one after the other, until one breaks a rule.
import { parseArgs } from 'node:util'
import { cloneDatabase, startTemplateServer, TEMPLATE, withDatabase } from '../support/template-server.ts'
import { runSeed } from './run-seed.ts'
import { Stage } from './stage.ts'

const PROGRESS_EVERY = 50

const options = { seeds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } } as const
const { values } = parseArgs({ options })
const first = Number(values.seed)
const end = first + Number(values.seeds)

const server = await startTemplateServer()
const say = (text: string) => process.stdout.write(`${text}\n`)
try {
  await cloneDatabase(server.ownerUrl, { name: 'simulation', template: TEMPLATE })
  const [url, ownerUrl] = [server.url, server.ownerUrl].map((one) => withDatabase(one, 'simulation')) as [
    string,
    string,
  ]
  const stage = new Stage({ url, ownerUrl })
  const start = performance.now()
  for (let seed = first; seed < end; seed++) {
    const failure = await runSeed(stage, seed)
    if (failure) {
      say(failure.report)
      process.exitCode = 1
      break
    }
    const done = seed - first + 1
    const rate = ((done * 1000) / (performance.now() - start)).toFixed(1)
    if (done % PROGRESS_EVERY === 0 || seed === end - 1) say(`${done} seeds hold every rule, ${rate} a second`)
  }
  await stage.close()
} finally {
  await server.stop()
}
