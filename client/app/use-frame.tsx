// The navigation around every screen, with the number of open tasks of each entry.
import { Box, Ellipsis, House, Inbox, ScanBarcode } from 'lucide-preact'
import { useLocation } from 'preact-iso'
import type { FrameParts } from '../context/workspace.ts'
import { useWorkspace } from '../context/workspace.ts'
import { t } from '../strings/strings.ts'
import type { NavEntry } from '../ui/layout/app-frame.tsx'
import { deferred } from '../ui/deferred.tsx'
import { isHandheld } from '../context/form-factor.ts'
import { trayCount } from '../domain/tray-count.ts'

const ConnectionBanner = deferred(() => import('./connection-banner.tsx').then((module) => module.ConnectionBanner))

export function useFrame(): FrameParts {
  const { path } = useLocation()
  const workspace = useWorkspace()
  const { count, conflicts } = trayCount(workspace)
  const at = (href: string) => path === href || path.startsWith(`${href}/`)
  const home: NavEntry = { href: '/', label: t('nav.home'), icon: House, current: path === '/' }
  const scan: NavEntry = { href: '/scan', label: t('nav.scan'), icon: ScanBarcode, current: at('/scan') }
  const stock: NavEntry = {
    href: '/stock',
    label: t('nav.stock'),
    icon: Box,
    current: at('/stock') || at('/items'),
  }
  const tray: NavEntry = {
    href: '/tray',
    label: t('nav.tray'),
    icon: Inbox,
    current: at('/tray'),
    badge: { count, tone: conflicts > 0 ? 'bad' : 'warn' },
  }
  const more: NavEntry = { href: '/more', label: t('nav.more'), icon: Ellipsis, current: at('/more') }
  const scanFirst = isHandheld.value && path === '/' ? { ...scan, current: true } : scan
  return {
    bar: [scanFirst, stock, tray, more],
    side: [home, scan, stock, tray],
    sideEnd: [more],
    banner: <ConnectionBanner />,
  }
}
