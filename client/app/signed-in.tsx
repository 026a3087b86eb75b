// The app of a signed-in person: opens their workspace, binds the scanner to it, and shows the screen of the address.
import { computed, effect } from '@preact/signals'
import { lazy, Route, Router, useLocation } from 'preact-iso'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Drafts } from '../context/drafts.ts'
import { isHandheld } from '../context/form-factor.ts'
import { watchStorage } from '../context/storage-quota.ts'
import { useWorkspace, WorkspaceContext } from '../context/workspace.ts'
import { trayCount } from '../domain/tray-count.ts'
import { bindWedge, type WedgeBinding } from '../scanner/bind-wedge.ts'
import { publishScan, subscribeToScans } from '../scanner/scans.ts'
import { Scan } from '../screens/scan/scan.tsx'
import type { Session } from '../session/session.ts'
import { loadAllStrings, t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { deferred } from '../ui/deferred.tsx'
import { Skeleton } from '../ui/feedback/skeleton.tsx'
import { AppFrame } from '../ui/layout/app-frame.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { requestBackgroundSync } from './background-sync.ts'
import { defaultScanHandler } from './default-scan-handler.ts'
import type { ScanDispatcher } from './scan-dispatcher.ts'
import { listenForShortcuts } from './shortcuts.ts'
import { useFrame } from './use-frame.tsx'
import { Workspaces } from './workspaces.ts'
import '../components/components.css'

const Home = screen(() => import('../screens/home/home.tsx').then(({ Home }) => Home))
const Stock = screen(() => import('../screens/stock/stock.tsx').then(({ Stock }) => Stock))
const ItemPage = screen(() => import('../screens/item/item-page.tsx').then(({ ItemPage }) => ItemPage))
const Tray = screen(() => import('../screens/tray/tray.tsx').then(({ Tray }) => Tray))
const More = screen(() => import('../screens/more/more.tsx').then(({ More }) => More))
const SignIn = screen(() => import('../screens/sign-in/sign-in.tsx').then(({ SignIn }) => SignIn))
const NoStorage = deferred(() => import('./no-storage.tsx').then((module) => module.NoStorage))
const Revoked = deferred(() => import('./revoked.tsx').then((module) => module.Revoked))

/** A screen in a chunk of its own. It needs sentences that are not loaded at first. */
function screen<P extends object>(load: () => Promise<ComponentType<P>>) {
  return lazy(async () => {
    const [component] = await Promise.all([load(), loadAllStrings()])
    return component
  })
}

/** Goes to another screen, for code outside the component tree. */
interface Navigator {
  to: (href: string) => void
}

interface SignedInApp {
  workspaces: Workspaces
  navigator: Navigator
}

/** There is one per page: its workspaces follow the session also while nobody is signed in. */
let app: SignedInApp | undefined

function startApp(session: Session, drafts: Drafts): SignedInApp {
  const navigator: Navigator = { to: (href) => location.assign(href) }
  let wedge: WedgeBinding | undefined
  const workspaces: Workspaces = new Workspaces({
    session,
    drafts,
    fallback: defaultScanHandler({
      workspace: () => workspaces.current.value?.workspace,
      go: (href) => navigator.to(href),
    }),
    captureText: (on) => wedge?.catchText(on),
    useFrame,
  })
  // Without a workspace a scan cannot be stored, and a password must never be mistaken for one.
  effect(() => {
    if (!workspaces.current.value || session.revoked.value) return
    wedge = bindWedge(window, publishScan)
    return () => {
      wedge?.stop()
      wedge = undefined
    }
  })
  subscribeToScans((scan) => void workspaces.current.peek()?.scans.dispatch(scan))
  showBadge(workspaces)
  requestBackgroundSync(workspaces)
  watchStorage()
  // Preparing the sound system takes a moment: at the first key of the first scan, not at its answer.
  for (const kind of ['keydown', 'pointerdown']) {
    window.addEventListener(kind, () => workspaces.feedback.prepare(), { once: true, capture: true })
  }
  return { workspaces, navigator }
}

export function SignedIn({ session, drafts }: { session: Session; drafts: Drafts }) {
  const { workspaces, navigator } = (app ??= startApp(session, drafts))
  const open = workspaces.current.value
  if (workspaces.problem.value !== undefined) return <NoStorage problem={workspaces.problem.value} />
  if (session.revoked.value) {
    return <Revoked session={session} device={open?.workspace.device} />
  }
  return (
    <>
      <Navigation navigator={navigator} />
      {open ? (
        <WorkspaceContext.Provider value={open.workspace}>
          <Screens />
          <UnsavedScans dispatcher={open.scans} />
        </WorkspaceContext.Provider>
      ) : (
        <Opening />
      )}
    </>
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
  const { session, person } = useWorkspace()
  return <SignIn session={session} again={person} />
}

function Navigation({ navigator }: { navigator: Navigator }) {
  const { route } = useLocation()
  useEffect(() => {
    navigator.to = route
    return listenForShortcuts(window, {
      go: route,
      search: () => {
        const input = document.querySelector<HTMLInputElement>(
          'main input[type=search], .frame-header input[type=search]',
        )
        if (input) input.focus()
        else route('/stock?find')
      },
    })
  }, [navigator, route])
  return null
}

/** The device opens within a few hundred milliseconds. The frame is there already. */
function Opening() {
  return (
    <AppFrame bare bar={[]} side={[]} title={t('app.opening')}>
      <Skeleton shape="block" height="120px" />
      <Skeleton shape="rows" count={4} />
    </AppFrame>
  )
}

function UnsavedScans({ dispatcher }: { dispatcher: ScanDispatcher }) {
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

/** Tells screen readers where they are. On the handheld's scan screen the trigger keeps the focus. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('main h1')
  if (!heading || heading.closest('[data-own-focus]')) return
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

/** Shows the tray's number on the app's icon, on systems that can. */
function showBadge(workspaces: Workspaces): void {
  if (!('setAppBadge' in navigator)) return
  const taskCount = computed(() => {
    const open = workspaces.current.value
    return open ? trayCount(open.workspace).count : 0
  })
  effect(() => {
    const count = taskCount.value
    void (count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => undefined)
  })
}
