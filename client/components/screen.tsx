// A screen in its frame: bars and banner from the shell, title for the page and for the tab.
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { AppFrame, PageHead } from '../ui/layout/app-frame.tsx'
import { useWorkspace } from '../context/workspace.ts'

type Props = {
  readonly title: string
  readonly children: ComponentChildren
  readonly header?: ComponentChildren
  readonly fill?: boolean | undefined
  /** The heading is shown; otherwise it is read only. */
  readonly head?: boolean | undefined
  /** The screen brings its heading itself. */
  readonly ownHeading?: boolean | undefined
  readonly mark?: ComponentChildren
  readonly actions?: ComponentChildren
}

export function Screen({ title, children, header, fill, head = false, ownHeading = false, mark, actions }: Props) {
  const frame = useWorkspace().useFrame()
  useTitle(title)
  return (
    <AppFrame {...frame} header={header} fill={fill} title={head || ownHeading ? undefined : title}>
      {head && <PageHead title={title} mark={mark} actions={actions} />}
      {children}
    </AppFrame>
  )
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Stockhand`
  }, [title])
}
