import { useEffect } from 'preact/hooks'
import { useWorkspace } from './workspace.ts'

/** While `open` is true, work is unfinished here and the app does not reload. */
export function useDraft(open: boolean): void {
  const { drafts } = useWorkspace()
  useEffect(() => (open ? drafts.begin() : undefined), [open, drafts])
}
