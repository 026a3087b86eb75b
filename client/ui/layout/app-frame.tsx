// The frame every screen stands in: a bottom bar under 700 px, a side bar above; banner on top, header under it, and
// one place that scrolls. Knows no routes: entries come from the app.
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { t } from '../../strings/strings.ts'
import { Icon, type IconShape } from '../controls/icon.tsx'
import { Tag } from '../feedback/tag.tsx'
import { Toasts } from '../feedback/toast.tsx'
import './app-frame.css'

export type NavEntry = {
  readonly href: string
  readonly label: string
  readonly icon?: IconShape | undefined
  readonly current?: boolean | undefined
  readonly badge?: { readonly count: number; readonly tone: 'info' | 'warn' | 'bad' } | undefined
}

type Props = {
  readonly children: ComponentChildren
  /** At most five: the bottom bar. */
  readonly bar: readonly NavEntry[]
  readonly side: readonly NavEntry[]
  /** At the foot of the side bar. */
  readonly sideEnd?: readonly NavEntry[] | undefined
  readonly banner?: ComponentChildren
  readonly header?: ComponentChildren
  /** The heading of a screen that shows none (PageHead shows one). */
  readonly title?: string | undefined
  /** The screen scrolls inside itself (a long list): no padding, no scrolling here. */
  readonly fill?: boolean | undefined
  /** Without bars: signing in, the wizard. */
  readonly bare?: boolean | undefined
}

export function AppFrame({
  children,
  bar,
  side,
  sideEnd = [],
  banner,
  header,
  title,
  fill = false,
  bare = false,
}: Props) {
  const main = useRef<HTMLElement>(null)
  return (
    <div class={bare ? 'frame bare' : 'frame'}>
      <button type="button" class="frame-skip" onClick={() => main.current?.focus()}>
        {t('ui.skipToContent')}
      </button>
      {!bare && (
        <nav class="frame-side" aria-label={t('ui.mainNavigation')}>
          <Brand />
          {side.map((entry) => (
            <SideLink key={entry.href} {...entry} />
          ))}
          <span class="frame-gap" />
          {sideEnd.map((entry) => (
            <SideLink key={entry.href} {...entry} />
          ))}
        </nav>
      )}
      <div class="frame-page">
        <header class="frame-top">
          {banner}
          {header && <div class="frame-header">{header}</div>}
        </header>
        <main ref={main} tabIndex={-1} class={fill ? 'frame-main fill' : 'frame-main'}>
          {title && <h1 class="only-read">{title}</h1>}
          {children}
        </main>
      </div>
      {!bare && (
        <nav class="frame-bar" aria-label={t('ui.mainNavigation')}>
          {bar.map((entry) => (
            <BarLink key={entry.href} {...entry} />
          ))}
        </nav>
      )}
      <Toasts />
    </div>
  )
}

/** A screen's heading line: title, what stands beside it, what can be done. */
export function PageHead({
  title,
  mark,
  actions,
}: {
  readonly title: string
  readonly mark?: ComponentChildren
  readonly actions?: ComponentChildren
}) {
  return (
    <div class="page-head">
      <h1>{title}</h1>
      {mark}
      {actions && <div class="page-actions">{actions}</div>}
    </div>
  )
}

export function Brand() {
  return (
    <div class="brand">
      <img src="/icons/mark.svg" alt="" width={28} height={28} />
      Stockhand
    </div>
  )
}

function BarLink({ href, label, icon, current, badge }: NavEntry) {
  return (
    <a href={href} aria-current={current ? 'page' : undefined}>
      {icon && <Icon of={icon} />}
      <span>{label}</span>
      {badge && badge.count > 0 && (
        <b class={`frame-dot ${badge.tone}`}>{badge.count > DOT_MAX ? `${DOT_MAX}+` : badge.count}</b>
      )}
    </a>
  )
}

// More digits than fit in the dot.
const DOT_MAX = 99

function SideLink({ href, label, icon, current, badge }: NavEntry) {
  return (
    <a href={href} aria-current={current ? 'page' : undefined}>
      {icon && <Icon of={icon} />}
      <span class="clip">{label}</span>
      {badge && badge.count > 0 && (
        <Tag tone={badge.tone} sign="">
          {badge.count}
        </Tag>
      )}
    </a>
  )
}
