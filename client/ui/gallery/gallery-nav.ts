// Sample navigation for the gallery.
import {
  ArrowLeftRight,
  Box,
  ClipboardCheck,
  Ellipsis,
  Inbox,
  LayoutDashboard,
  MapPin,
  ScanBarcode,
  Settings,
  TriangleAlert,
} from 'lucide-preact'
import { t } from '../../strings/strings.ts'

export const bar = [
  { href: '#scan', label: t('nav.scan'), icon: ScanBarcode, current: true },
  { href: '#stock', label: t('nav.stock'), icon: Box },
  { href: '#counts', label: t('nav.counts'), icon: ClipboardCheck },
  { href: '#tray', label: t('nav.tray'), icon: Inbox, badge: { count: 4, tone: 'warn' as const } },
  { href: '#more', label: t('nav.more'), icon: Ellipsis },
]
export const side = [
  { href: '#dashboard', label: 'Dashboard', icon: LayoutDashboard, current: true },
  { href: '#items', label: 'Items', icon: Box },
  { href: '#locations', label: 'Locations', icon: MapPin },
  { href: '#c', label: 'Counts', icon: ClipboardCheck, badge: { count: 2, tone: 'info' as const } },
  { href: '#a', label: 'Alerts', icon: TriangleAlert, badge: { count: 7, tone: 'warn' as const } },
  { href: '#m', label: 'Movements', icon: ArrowLeftRight },
  { href: '#r', label: 'Reviews', icon: Inbox, badge: { count: 1, tone: 'bad' as const } },
]
export const sideEnd = [{ href: '#settings', label: 'Settings', icon: Settings }]
