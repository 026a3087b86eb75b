import { useEffect } from 'preact/hooks'
import { useWorkspace } from './workspace.ts'

/** While `open`, something is half done here: the app does not reload. */
export function useDraft(open: boolean): void {
  const { drafts } = useWorkspace()
  useEffect(() => (open ? drafts.begin() : undefined), [open, drafts])
}
