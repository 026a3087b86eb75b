// The frame of every screen: a bottom bar below 700 px, a side bar above; a banner at the top, a header below it, and
// one scroll area. It does not know routes; the app passes in the entries.
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
  /** At most five entries, for the bottom bar. */
  readonly bar: readonly NavEntry[]
  readonly side: readonly NavEntry[]
  /** At the bottom of the side bar. */
  readonly sideEnd?: readonly NavEntry[] | undefined
  readonly banner?: ComponentChildren
  readonly header?: ComponentChildren
  /** The heading of a screen that does not show one (PageHead shows one). */
  readonly title?: string | undefined
  /** The screen scrolls its own content (a long list), so the frame adds neither padding nor scrolling. */
  readonly fill?: boolean | undefined
  /** Without bars: for sign-in and the setup. */
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

/** The heading of a screen: title, badge, actions. */
export function PageHead({
  title,
  badge,
  actions,
}: {
  readonly title: string
  readonly badge?: ComponentChildren
  readonly actions?: ComponentChildren
}) {
  return (
    <div class="page-head">
      <h1>{title}</h1>
      {badge}
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

// More digits do not fit into the dot.
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
