// The text of the banner: connection, pending mutations, and how recent the data is.
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { StringKey } from '../strings/catalogue.ts'
import { formatMoment } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'

export interface BannerWords {
  tone: 'quiet' | 'warn' | 'bad' | 'info'
  icon: 'online' | 'offline' | 'paused' | 'signed-out' | 'loading' | 'waiting' | 'problem'
  text: string
  note?: string
  /** Progress of the first sync, 0 to 1. */
  fraction?: number
  /** A press opens the sign-in page instead of the tray. */
  signIn?: true
}

export interface BannerFacts {
  status: ConnectionStatus
  expired: boolean
  pending: number
  /** When the device last had everything, Unix ms by the server's clock, like `now`; 0 for never. */
  asOf: number
  now: number
}

export function bannerWords({ status, expired, pending, asOf, now }: BannerFacts): BannerWords {
  const pendingText = pending > 0 ? t('net.waiting', { count: pending }) : undefined
  if (status.link !== 'revoked' && (expired || status.link === 'signed_out')) {
    const text = pending > 0 ? t('net.signedOutKept', { count: pending }) : t('net.signedOut')
    return { tone: 'bad', icon: 'signed-out', text, signIn: true }
  }
  const note = asOf > 0 ? { note: t('net.asOf', { time: formatMoment(asOf, now) }) } : {}
  const { loading } = status
  if (loading && status.link === 'online') {
    const text = loading.rows > 0 ? t('net.loading', { count: loading.rows }) : t('net.loadingFirst')
    return { tone: 'info', icon: 'loading', text: joined(text, pendingText), fraction: loading.fraction }
  }
  const { tone, icon, textKey } = STATE_DISPLAY[status.link]
  return { tone, icon, text: joined(t(textKey), pendingText), ...note }
}

/** How each connection state looks. Icon and text differ, so that colour is not the only signal. */
export const STATE_DISPLAY = {
  online: { tone: 'quiet', icon: 'online', textKey: 'net.online' },
  connecting: { tone: 'quiet', icon: 'loading', textKey: 'net.connecting' },
  offline: { tone: 'warn', icon: 'offline', textKey: 'net.offline' },
  paused: { tone: 'warn', icon: 'paused', textKey: 'net.paused' },
  limited: { tone: 'warn', icon: 'waiting', textKey: 'net.limited' },
  outdated: { tone: 'warn', icon: 'waiting', textKey: 'net.outdated' },
  refused: { tone: 'bad', icon: 'problem', textKey: 'net.refused' },
  storage: { tone: 'bad', icon: 'problem', textKey: 'net.storage' },
  signed_out: { tone: 'bad', icon: 'signed-out', textKey: 'net.signedOut' },
  revoked: { tone: 'bad', icon: 'signed-out', textKey: 'net.revoked' },
} as const satisfies Record<ConnectionStatus['link'], Pick<BannerWords, 'tone' | 'icon'> & { textKey: StringKey }>

function joined(state: string, pendingText: string | undefined): string {
  return pendingText === undefined ? state : `${state} · ${pendingText}`
}
