// The shell: who is signed in decides between the sign-in and the screens; the address decides which screen.
import { computed, effect } from '@preact/signals'
import { lazy, LocationProvider, Route, Router, useLocation } from 'preact-iso'
import { useEffect, useMemo } from 'preact/hooks'
import type { Workspace as AppParts } from '../context/workspace.ts'
import { WorkspaceContext } from '../context/workspace.ts'
import { subscribeToScans } from '../scanner/scans.ts'
import { Scan } from '../screens/scan/scan.tsx'
import { t } from '../strings/strings.ts'
import { AppFrame } from '../ui/layout/app-frame.tsx'
import { Button } from '../ui/controls/button.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { Skeleton } from '../ui/feedback/skeleton.tsx'
import { NoStorage } from './no-storage.tsx'
import { Revoked } from './revoked.tsx'
import type { ScanDispatcher } from './scan-dispatcher.ts'
import type { Session } from '../session/session.ts'
import { isHandheld } from '../context/form-factor.ts'
import { trayCount } from '../domain/tray-count.ts'
import { listenForShortcuts } from './shortcuts.ts'
import { useFrame } from './use-frame.tsx'
import type { Workspaces } from './workspaces.ts'
import '../components/components.css'

const Home = lazy(() => import('../screens/home/home.tsx').then(({ Home }) => Home))
const Stock = lazy(() => import('../screens/stock/stock.tsx').then(({ Stock }) => Stock))
const ItemPage = lazy(() => import('../screens/item/item-page.tsx').then(({ ItemPage }) => ItemPage))
const Tray = lazy(() => import('../screens/tray/tray.tsx').then(({ Tray }) => Tray))
const More = lazy(() => import('../screens/more/more.tsx').then(({ More }) => More))
const SignIn = lazy(() => import('../screens/sign-in/sign-in.tsx').then(({ SignIn }) => SignIn))

/** With these a scan of the desk finds its item's page, wherever the person is. */
export interface Navigator {
  to: (href: string) => void
}

export function App({
  session,
  workplaces: workspaces,
  go,
}: {
  session: Session
  workplaces: Workspaces
  go: Navigator
}) {
  const open = workspaces.current.value
  const signedIn = session.person.value !== undefined
  const isRevoked = session.revoked.value
  const workspace = useMemo<AppParts | undefined>(() => open && { ...open.workspace, useFrame }, [open])
  useEffect(
    () =>
      subscribeToScans((scan) => {
        void workspaces.current.peek()?.scans.dispatch(scan)
      }),
    [workspaces],
  )
  if (workspaces.problem.value !== undefined) return <NoStorage problem={workspaces.problem.value} />
  return (
    <LocationProvider>
      <Navigation go={go} />
      {!signedIn && <Router>{[<Route key="sign-in" default component={SignIn} session={session} />]}</Router>}
      {signedIn && isRevoked && <Revoked session={session} device={open?.workspace.device} />}
      {signedIn && !isRevoked && !workspace && <Opening />}
      {signedIn && !isRevoked && workspace && open && (
        <WorkspaceContext.Provider value={workspace}>
          <Screens />
          <LostScans station={open.scans} />
        </WorkspaceContext.Provider>
      )}
    </LocationProvider>
  )
}

function Screens() {
  return (
    <Router onRouteChange={focusHeading}>
      <Route path="/" component={Start} />
      <Route path="/scan" component={Scan} />
      <Route path="/stock" component={Stock} />
      <Route path="/items/:id" component={ItemPage} />
      <Route path="/tray" component={Tray} />
      <Route path="/more" component={More} />
      <Route path="/sign-in" component={SignInAgain} />
      <Route default component={Start} />
    </Router>
  )
}

function Start() {
  return isHandheld.value ? <Scan /> : <Home />
}

function SignInAgain() {
  return (
    <WorkspaceContext.Consumer>
      {(workspace: AppParts | undefined) =>
        workspace && <SignIn session={workspace.session} again={workspace.person} />
      }
    </WorkspaceContext.Consumer>
  )
}

/** Hands the way to go to those outside the tree: shortcuts, and a scan that no screen asked for. */
function Navigation({ go }: { go: Navigator }) {
  const { route } = useLocation()
  useEffect(() => {
    go.to = route
    return listenForShortcuts(window, {
      go: route,
      search: () => {
        const here = document.querySelector<HTMLInputElement>(
          'main input[type=search], .frame-header input[type=search]',
        )
        if (here) here.focus()
        else route('/stock?find')
      },
    })
  }, [go, route])
  return null
}

/** The device opens within a few hundred milliseconds; the frame stands already. */
function Opening() {
  return (
    <AppFrame bare bar={[]} side={[]} title={t('app.opening')}>
      <Skeleton shape="block" height="120px" />
      <Skeleton shape="rows" count={4} />
    </AppFrame>
  )
}

function LostScans({ station: dispatcher }: { station: ScanDispatcher }) {
  const codes = dispatcher.unsavedScans.value
  const close = () => (dispatcher.unsavedScans.value = [])
  return (
    <Sheet
      open={codes.length > 0}
      strict
      title={t('scan.lostTitle', { count: codes.length })}
      onClose={close}
      actions={
        <Button kind="primary" onPress={close}>
          {t('scan.lostNoted')}
        </Button>
      }
    >
      <p>{t('scan.lostHint')}</p>
      <ul>
        {codes.map((code, index) => (
          <li key={index} class="num">
            {code}
          </li>
        ))}
      </ul>
    </Sheet>
  )
}

/** Whoever listens hears where they are; on the handheld's scan screen the trigger keeps the focus. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('main h1')
  if (!heading || heading.closest('[data-own-focus]')) return
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

/** The number on the app's icon, where the system shows one: the tray's. */
export function showBadge(workspaces: Workspaces): void {
  if (!('setAppBadge' in navigator)) return
  const waiting = computed(() => {
    const workspace = workspaces.current.value?.workspace
    return workspace ? trayCount(workspace).count : 0
  })
  effect(() => {
    const count = waiting.value
    void (count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => undefined)
  })
}
