// A screen in its frame: navigation and banner from the shell, and the title of the page and of the tab.
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { AppFrame, PageHead } from '../ui/layout/app-frame.tsx'
import { useWorkspace } from '../context/workspace.ts'

type Props = {
  readonly title: string
  readonly children: ComponentChildren
  readonly header?: ComponentChildren
  readonly fill?: boolean | undefined
  /** Shows the heading. Otherwise only screen readers read it. */
  readonly head?: boolean | undefined
  /** The screen renders a heading of its own. */
  readonly ownHeading?: boolean | undefined
  readonly badge?: ComponentChildren
  readonly actions?: ComponentChildren
}

export function Screen({ title, children, header, fill, head = false, ownHeading = false, badge, actions }: Props) {
  const frame = useWorkspace().useFrame()
  useTitle(title)
  return (
    <AppFrame {...frame} header={header} fill={fill} title={head || ownHeading ? undefined : title}>
      {head && <PageHead title={title} badge={badge} actions={actions} />}
      {children}
    </AppFrame>
  )
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Stockhand`
  }, [title])
}
