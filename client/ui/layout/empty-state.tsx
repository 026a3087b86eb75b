// Shown instead of missing content: what would be here, why it is not, and what to do next.
import type { ComponentChildren } from 'preact'
import { Icon, type IconShape } from '../controls/icon.tsx'
import './empty-state.css'

type Props = {
  readonly icon: IconShape
  readonly title: string
  readonly children?: ComponentChildren
  readonly action?: ComponentChildren
}

export function EmptyState({ icon, title, children, action }: Props) {
  return (
    <div class="empty">
      <span class="empty-sign">
        <Icon of={icon} />
      </span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action && <div>{action}</div>}
    </div>
  )
}
