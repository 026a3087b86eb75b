import { effect, untracked } from '@preact/signals'

/**
 * Runs an action now, and whenever the signals of its condition change, if the condition is true. The action is
 * untracked: a signal that it reads (the status, for example) must not run it again.
 */
export function onChange(condition: () => boolean, action: () => void): () => void {
  return effect(() => {
    if (condition()) untracked(action)
  })
}
