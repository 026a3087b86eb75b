// Components in chunks of their own: sheets and cards that the first screen does not need. Each is loaded when it is first
// shown, or in the background before that; the service worker has precached all of them.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { loadAllStrings } from '../strings/strings.ts'
import type { ComponentType, FunctionComponent } from 'preact'

/** Loads of all deferred components, for `loadDeferred`. Filled while modules are evaluated, and never after. */
const loads: (() => Promise<unknown>)[] = []

/** Renders nothing until the component is loaded. With an `open` property, loading starts when it is true. */
export function deferred<P extends object>(load: () => Promise<ComponentType<P>>): FunctionComponent<P> {
  const component = signal<ComponentType<P> | undefined>(undefined)
  let loading: Promise<void> | undefined
  const start = () => {
    loading ??= Promise.all([load(), loadAllStrings()]).then(
      ([loaded]) => void (component.value = loaded),
      (error: unknown) => {
        loading = undefined // the next time it is shown
        globalThis.reportError?.(error)
      },
    )
    return loading
  }
  loads.push(start)
  return function Deferred(props: P) {
    const Component = component.value
    useEffect(() => {
      // After the paint: what is on the screen already does not wait for it.
      if (!Component && (!('open' in props) || props.open === true)) void start()
    })
    return Component ? <Component {...props} /> : null
  }
}

/** Loads every deferred component, one after the other. */
export async function loadDeferred(): Promise<void> {
  for (const load of loads) await load()
}
