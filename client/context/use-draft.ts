import { useEffect } from 'preact/hooks'
import { useApp } from './workspace.ts'

/** While `open`, something is half done here: the app does not reload. */
export function useDraft(open: boolean): void {
  const { drafts } = useApp()
  useEffect(() => (open ? drafts.begin() : undefined), [open, drafts])
}
