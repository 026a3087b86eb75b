// The banner, always visible: connection, pending mutations, and how recent the data is. A press opens the tray, or the
// sign-in page if the session has ended.
import { CloudOff, Hourglass, LogIn, LogOut, Pause, RefreshCw, TriangleAlert, Wifi } from 'lucide-preact'
import { useLocation } from 'preact-iso'
import { useEffect, useState } from 'preact/hooks'
import { useWorkspace } from '../context/workspace.ts'
import { isStorageLow } from '../context/storage-quota.ts'
import { t } from '../strings/strings.ts'
import { Banner } from '../ui/layout/banner.tsx'
import { Button } from '../ui/controls/button.tsx'
import { bannerWords } from './banner-words.ts'
import { applyUpdate, updateReady } from './update.ts'
import './connection-banner.css'

const ICONS = {
  online: Wifi,
  offline: CloudOff,
  paused: Pause,
  'signed-out': LogOut,
  loading: RefreshCw,
  waiting: Hourglass,
  problem: TriangleAlert,
} as const

/** Often enough for the day in "as of" to stay correct. */
const TICK_MS = 60_000

export function ConnectionBanner() {
  const { status, device, session, drafts } = useWorkspace()
  const { route } = useLocation()
  const now = useNow()
  const { asOf, clockOffsetMs } = device.syncPoint.value
  const banner = bannerWords({
    status: status.value,
    expired: session.expired.value,
    pending: device.pendingCount.value,
    asOf,
    now: now + clockOffsetMs,
  })
  return (
    <>
      <Banner
        tone={banner.tone}
        icon={ICONS[banner.icon]}
        note={banner.note}
        {...(banner.signIn
          ? {
              action: (
                <Button icon={LogIn} onPress={() => route('/sign-in')}>
                  {t('signIn.do')}
                </Button>
              ),
            }
          : { onPress: () => route('/tray') })}
      >
        {banner.text}
      </Banner>
      {banner.fraction !== undefined && (
        <div class="load-line" aria-hidden="true">
          <i style={{ transform: `scaleX(${banner.fraction})` }} />
        </div>
      )}
      {(isStorageLow.value || device.recovery.loss.value) && (
        <a class="update-line notice-line" href="/tray">
          <TriangleAlert aria-hidden="true" size={18} />
          <span class="grow">{t(device.recovery.loss.value ? 'notice.lossShort' : 'notice.roomShort')}</span>
        </a>
      )}
      {updateReady.value && drafts.open.value === 0 && (
        <div class="update-line">
          <span class="grow">{t('update.ready')}</span>
          <Button kind="quiet" onPress={applyUpdate}>
            {t('update.apply')}
          </Button>
        </div>
      )}
    </>
  )
}

function useNow(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}
