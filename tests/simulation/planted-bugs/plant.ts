// Plants a bug into the product by name. A change names a module, something that it exports, and a wrapper around it. The
// types check the names, and planting throws if a name does not exist, so no bug is silently left out.
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface PlantedBug {
  /** What the code forgets. */
  name: string
  /** The rules that may catch it first. */
  rules: number[]
  /** The seed that last caught it first. The test starts here. */
  seed: number
  changes: Change[]
}

/** Replaces one thing in the product, once its modules are loaded. @throws if its name does not exist */
export interface Change {
  /** A module-level name that is reassigned. */
  reassigns?: string
  apply(): Promise<void>
}

/** Imports a module of the product. An import expression gives the types, and moves with the file. */
type Load<M> = () => Promise<M>
type Callable = (...args: never) => unknown
type NamesOf<T, Value> = { [K in keyof T]-?: T[K] extends Value ? K : never }[keyof T] & string
/** What a class with a private constructor has in common with others. */
type Class = { prototype: object }
type Method<T, K extends keyof T> = T[K] extends (...args: infer Args) => infer Result
  ? (this: T, ...args: Args) => Result
  : never

const ROOT = resolve(import.meta.dirname, '../../..')
const PRODUCT = ['client', 'server', 'shared'].map((folder) => `${pathToFileURL(resolve(ROOT, folder)).href}/`)

/** One module's own view of a name. Both functions throw if the module has no such name, or a constant. */
interface Binding {
  get(): unknown
  set(value: unknown): void
}
const BINDINGS = Symbol.for('bindings for planted bugs')
const bindings: Record<string, Binding>[] = []

/** Replaces an exported function, also for the module that declares it. */
export function wrapFunction<M extends object, K extends NamesOf<M, Callable>>(
  load: Load<M>,
  name: K,
  wrap: (original: M[K]) => M[K],
): Change {
  return reassign(load, name, wrap)
}

/** Replaces an exported class, as a rule by a subclass. */
export function replaceClass<M extends object, K extends NamesOf<M, new (...args: never) => object>>(
  load: Load<M>,
  name: K,
  replace: (original: M[K]) => M[K],
): Change {
  return reassign(load, name, (original) => {
    const replaced = replace(original)
    for (const method of Object.getOwnPropertyNames((replaced as Class).prototype))
      if (!(method in (original as Class).prototype)) throw new Error(`${name} no longer has ${method}`)
    return replaced
  })
}

/** Replaces a public method of an exported class. */
export function wrapMethod<
  M extends object,
  C extends NamesOf<M, Class>,
  K extends NamesOf<(M[C] & Class)['prototype'], Callable>,
>(
  load: Load<M>,
  className: C,
  method: K,
  wrap: (original: Method<(M[C] & Class)['prototype'], K>) => NoInfer<Method<(M[C] & Class)['prototype'], K>>,
): Change {
  return {
    async apply() {
      const { prototype } = find(await load(), className) as Class
      const original = find(prototype, method, className) as Method<(M[C] & Class)['prototype'], K>
      Object.defineProperty(prototype, method, {
        ...Object.getOwnPropertyDescriptor(prototype, method),
        value: wrap(original),
      })
    },
  }
}

/** Replaces an entry of an exported table. */
export function replaceEntry<M extends object, T extends NamesOf<M, object>, K extends keyof M[T] & string>(
  load: Load<M>,
  table: T,
  entry: K,
  value: M[T][K],
): Change {
  return {
    async apply() {
      const entries = find(await load(), table) as M[T]
      find(entries as object, entry, table)
      entries[entry] = value
    },
  }
}

/** A copy of an object with some values replaced. Ends the process if the object does not have them. */
export function alter<T extends object>(object: T, values: Partial<T>): T {
  for (const name of Object.keys(values))
    if (!(name in object)) giveUp(`an altered object no longer has ${name}: ${Object.keys(object).join(', ')}`)
  return { ...object, ...values }
}

/** Ends the process if a wrapper can no longer do its work: thrown, the error would be handled by the product. */
export function giveUp(reason: string): never {
  process.stderr.write(`Error: the bug is not planted: ${reason}\n`)
  process.exit(2)
}

/**
 * Loads the simulation with a bug in the product. Must be called before any module of the product is loaded.
 * @throws if the bug cannot be planted
 */
export async function plant({ name, changes }: PlantedBug): Promise<void> {
  const names = changes.flatMap(({ reassigns = [] }) => reassigns)
  if (names.length > 0) exposeBindings(names)
  await import('../run-seed.ts') // in its own order: Dexie looks for IndexedDB only once, when it is loaded
  for (const change of changes) {
    await change.apply().catch((cause: unknown) => {
      throw new Error(`the bug is not planted: ${name}`, { cause })
    })
  }
}

/** Only a module can reassign its own names, so each one is given the code for it. */
function exposeBindings(names: readonly string[]): void {
  Object.assign(globalThis, { [BINDINGS]: bindings })
  const accessors = names.map((name) => `${name}: { get: () => ${name}, set: (value) => { ${name} = value } }`)
  const code = `\n;globalThis[Symbol.for(${JSON.stringify(BINDINGS.description)})].push({ ${accessors.join(', ')} })\n`
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!PRODUCT.some((folder) => url.startsWith(folder))) return loaded
      if (loaded.format !== 'module-typescript') return loaded
      return { ...loaded, source: `${Buffer.from(loaded.source as Uint8Array).toString()}${code}` }
    },
  })
}

function reassign<M extends object, K extends keyof M & string>(
  load: Load<M>,
  name: K,
  wrap: (original: M[K]) => M[K],
): Change {
  return {
    reassigns: name,
    async apply() {
      const module = await load()
      const original = find(module, name) as M[K]
      const wrapped = wrap(original)
      for (const { [name]: binding } of bindings) {
        try {
          if (binding!.get() === original) binding!.set(wrapped)
        } catch {} // another module, without this name or with an import of it
      }
      if (module[name] !== wrapped) throw new Error(`${name} cannot be replaced: declare it as a function or a class`)
    },
  }
}

function find(owner: object, name: string, ownerName = 'the module'): unknown {
  if (!Object.hasOwn(owner, name))
    throw new Error(`${ownerName} no longer has ${name}. It has: ${Object.getOwnPropertyNames(owner).join(', ')}`)
  return owner[name as keyof typeof owner]
}
