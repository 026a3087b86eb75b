// The line on top, in words: how it stands with the server, what waits here, and as of when.
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { StringKey } from '../strings/catalogue.ts'
import { formatMoment } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'

export interface BannerWords {
  tone: 'quiet' | 'warn' | 'bad' | 'info'
  icon: 'online' | 'offline' | 'paused' | 'signed-out' | 'loading' | 'waiting' | 'problem'
  text: string
  aside?: string
  /** Of the first sync, 0 to 1. */
  fraction?: number
  /** Pressed, it leads to the sign-in rather than to the tray. */
  signIn?: true
}

export interface BannerFacts {
  status: ConnectionStatus
  expired: boolean
  pending: number
  /** When this device last agreed with the server, Unix ms; 0 for never. By the server's clock, as `now`. */
  asOf: number
  now: number
}

export function bannerWords({ status, expired, pending, asOf, now }: BannerFacts): BannerWords {
  const waiting = pending > 0 ? t('net.waiting', { count: pending }) : undefined
  if (status.link !== 'revoked' && (expired || status.link === 'signed_out')) {
    const text = pending > 0 ? t('net.signedOutKept', { count: pending }) : t('net.signedOut')
    return { tone: 'bad', icon: 'signed-out', text, signIn: true }
  }
  const aside = asOf > 0 ? { aside: t('net.asOf', { time: formatMoment(asOf, now) }) } : {}
  const { loading } = status
  if (loading && status.link === 'online') {
    const text = loading.rows > 0 ? t('net.loading', { count: loading.rows }) : t('net.loadingFirst')
    return { tone: 'info', icon: 'loading', text: joined(text, waiting), fraction: loading.fraction }
  }
  const { tone, icon, says } = LOOKS[status.link]
  return { tone, icon, text: joined(t(says), waiting), ...aside }
}

/** Every state in shape and word, not in colour alone. */
export const LOOKS = {
  online: { tone: 'quiet', icon: 'online', says: 'net.online' },
  connecting: { tone: 'quiet', icon: 'loading', says: 'net.connecting' },
  offline: { tone: 'warn', icon: 'offline', says: 'net.offline' },
  paused: { tone: 'warn', icon: 'paused', says: 'net.paused' },
  limited: { tone: 'warn', icon: 'waiting', says: 'net.limited' },
  outdated: { tone: 'warn', icon: 'waiting', says: 'net.outdated' },
  refused: { tone: 'bad', icon: 'problem', says: 'net.refused' },
  storage: { tone: 'bad', icon: 'problem', says: 'net.storage' },
  signed_out: { tone: 'bad', icon: 'signed-out', says: 'net.signedOut' },
  revoked: { tone: 'bad', icon: 'signed-out', says: 'net.revoked' },
} as const satisfies Record<ConnectionStatus['link'], Pick<BannerWords, 'tone' | 'icon'> & { says: StringKey }>

function joined(state: string, waiting: string | undefined): string {
  return waiting === undefined ? state : `${state} · ${waiting}`
}
