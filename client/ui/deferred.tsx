// Components in chunks of their own: sheets and cards that the first screen does not need. Each is loaded when it is first
// shown, or in the background before that; the service worker has precached all of them.
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ComponentType, FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { loadAllStrings } from '../strings/strings.ts'

export interface Loadable<P> {
  /** Undefined until it is loaded. */
  readonly component: ReadonlySignal<ComponentType<P> | undefined>
  /** Loads the component once. After a failure, the next call tries again. */
  load(): Promise<void>
}

export function loadable<P>(load: () => Promise<ComponentType<P>>): Loadable<P> {
  const component = signal<ComponentType<P> | undefined>(undefined)
  let loading: Promise<void> | undefined
  const start = () =>
    (loading ??= load().then(
      (loaded) => void (component.value = loaded),
      (error: unknown) => {
        loading = undefined
        globalThis.reportError?.(error)
      },
    ))
  return { component, load: start }
}

/** The loads of all deferred components, for `loadDeferred`. Filled while modules are evaluated, and never after. */
const loads: (() => Promise<void>)[] = []

/** Renders nothing until the component is loaded. With an `open` property, loading starts when it is true. */
export function deferred<P extends object>(load: () => Promise<ComponentType<P>>): FunctionComponent<P> {
  const loading = loadable(async () => {
    const [component] = await Promise.all([load(), loadAllStrings()])
    return component
  })
  loads.push(loading.load)
  return function Deferred(props: P) {
    const Component = loading.component.value
    useEffect(() => {
      // After the paint: what is on the screen already does not wait for it.
      if (!Component && (!('open' in props) || props.open === true)) void loading.load()
    })
    return Component ? <Component {...props} /> : null
  }
}

/** Loads every deferred component, one after the other. */
export async function loadDeferred(): Promise<void> {
  for (const load of loads) await load()
}
