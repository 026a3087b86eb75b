// The rows of a list: a title, a second line, and something at the end. A row with a target is a link or a button as a
// whole.
import type { ComponentChildren } from 'preact'
import { ChevronRight } from 'lucide-preact'
import { Icon } from '../controls/icon.tsx'
import './row-list.css'

export function RowList({
  children,
  label,
}: {
  readonly children: ComponentChildren
  readonly label?: string | undefined
}) {
  return (
    <ul class="rows" aria-label={label}>
      {children}
    </ul>
  )
}

type Props = {
  readonly title: ComponentChildren
  /** The second line, less prominent. */
  readonly note?: ComponentChildren
  /** Before the title: a time, an icon. */
  readonly lead?: ComponentChildren
  /** At the end: figures, a tag. */
  readonly trail?: ComponentChildren
  readonly href?: string | undefined
  readonly onPress?: (() => void) | undefined
  /** Hides the chevron if the row has no space for it. */
  readonly plain?: boolean | undefined
}

export function Row(props: Props) {
  return (
    <li>
      <RowLine {...props} />
    </li>
  )
}

/** A row without its list item, for a VirtualList, which renders its own. */
export function RowLine({ title, note, lead, trail, href, onPress, plain = false }: Props) {
  const isTarget = href !== undefined || onPress !== undefined
  const content = (
    <>
      {lead && <span class="rows-lead">{lead}</span>}
      <span class="rows-text">
        <span class="rows-title">{title}</span>
        {note && <span class="rows-note">{note}</span>}
      </span>
      {trail && <span class="rows-trail">{trail}</span>}
      {isTarget && !plain && <Icon of={ChevronRight} class="rows-chevron" />}
    </>
  )
  if (href !== undefined)
    return (
      <a class="rows-line" href={href} onClick={onPress}>
        {content}
      </a>
    )
  if (onPress)
    return (
      <button type="button" class="rows-line" onClick={onPress}>
        {content}
      </button>
    )
  return <div class="rows-line">{content}</div>
}
