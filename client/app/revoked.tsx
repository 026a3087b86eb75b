// The page of a person who has lost access. It does not show any stock. Pending mutations stay on the device, can be
// saved as a file, and are sent once the person has access again. Keeps D17.
import { LogIn, UserX } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { systemClock } from '#shared/values/clock.ts'
import type { Device } from '../device/device.ts'
import { exportOutbox } from '../domain/export-outbox.ts'
import { SignIn } from '../screens/sign-in/sign-in.tsx'
import { t } from '../strings/strings.ts'
import { AppFrame } from '../ui/layout/app-frame.tsx'
import { Button } from '../ui/controls/button.tsx'
import { EmptyState } from '../ui/layout/empty-state.tsx'
import type { Session } from '../session/session.ts'

export function Revoked({ session, device }: { session: Session; device: Device | undefined }) {
  const [isSigningIn, setIsSigningIn] = useState(false)
  if (isSigningIn) return <SignIn session={session} />
  const count = device?.pendingCount.value ?? 0
  const save = async () => {
    if (!device) return
    const from = { device: device.name, person: session.person.value?.user.name, point: device.syncPoint.value }
    exportOutbox(await device.exportPending(), from, new Date(systemClock.now()))
  }
  return (
    <AppFrame bare bar={[]} side={[]} title={t('revoked.title')}>
      <EmptyState
        icon={UserX}
        title={t('revoked.title')}
        action={
          <div class="stack">
            <Button kind="primary" icon={LogIn} onPress={() => setIsSigningIn(true)}>
              {t('signIn.do')}
            </Button>
            {count > 0 && <Button onPress={() => void save()}>{t('tray.export')}</Button>}
          </div>
        }
      >
        {count > 0 ? t('revoked.kept', { count }) : t('revoked.hint')}
      </EmptyState>
    </AppFrame>
  )
}
