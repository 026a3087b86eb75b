// Lines of a list on the handheld: what, a second line, what stands at the end. A line that leads somewhere is a link
// or a button as a whole.
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
  /** Second line, quieter. */
  readonly note?: ComponentChildren
  /** Before it: a time, an icon. */
  readonly lead?: ComponentChildren
  /** Behind it: figures, a Tag. */
  readonly trail?: ComponentChildren
  readonly href?: string | undefined
  readonly onPress?: (() => void) | undefined
  /** Without the sign that it leads on, where the line has no room for it. */
  readonly plain?: boolean | undefined
}

export function Row(props: Props) {
  return (
    <li>
      <RowLine {...props} />
    </li>
  )
}

/** The line alone, for a VirtualList, which brings its own list items. */
export function RowLine({ title, note, lead, trail, href, onPress, plain = false }: Props) {
  const leads = href !== undefined || onPress !== undefined
  const inside = (
    <>
      {lead && <span class="rows-lead">{lead}</span>}
      <span class="rows-what">
        <span class="rows-title">{title}</span>
        {note && <span class="rows-note">{note}</span>}
      </span>
      {trail && <span class="rows-trail">{trail}</span>}
      {leads && !plain && <Icon of={ChevronRight} class="rows-on" />}
    </>
  )
  if (href !== undefined)
    return (
      <a class="rows-line" href={href} onClick={onPress}>
        {inside}
      </a>
    )
  if (onPress)
    return (
      <button type="button" class="rows-line" onClick={onPress}>
        {inside}
      </button>
    )
  return <div class="rows-line">{inside}</div>
}
