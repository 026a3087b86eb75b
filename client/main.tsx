// Boot: language, session, scanner, then the app. What a scan means is decided further in; that it is kept, here.
import { effect } from '@preact/signals'
import { render } from 'preact'
import { App, showBadge, type Navigator } from './app/app.tsx'
import { askForBackgroundSync } from './app/background-sync.ts'
import { Session } from './session/session.ts'
import { watchUpdates } from './app/update.ts'
import { defaultScanHandler } from './app/default-scan-handler.ts'
import { Workspaces } from './app/workspaces.ts'
import { watchStorage } from './context/storage-quota.ts'
import { bindWedge, type WedgeBinding } from './scanner/bind-wedge.ts'
import { publishScan } from './scanner/scans.ts'
import { startLanguage } from './strings/strings.ts'
import './ui/styles/tokens.css'
import './ui/styles/base.css'

await startLanguage()
const session = new Session()
const go: Navigator = { to: (href) => location.assign(href) }
let wedge: WedgeBinding | undefined
const workspaces: Workspaces = new Workspaces(session, {
  otherwise: defaultScanHandler({ app: () => workspaces.current.value?.workspace, go: (href) => go.to(href) }),
  catchText: (on) => wedge?.catchText(on),
})
// Before anyone is signed in there is nowhere to keep a scan, and a password must never be taken for one.
effect(() => {
  if (!workspaces.current.value || session.revoked.value) return
  wedge = bindWedge(window, publishScan)
  return () => {
    wedge?.stop()
    wedge = undefined
  }
})
showBadge(workspaces)
askForBackgroundSync(workspaces)
watchStorage()
// Making the sound system takes a moment: at the first key of the first scan, not at its answer.
for (const kind of ['keydown', 'pointerdown']) {
  window.addEventListener(kind, () => workspaces.feedback.prepare(), { once: true, capture: true })
}
const root = document.getElementById('app')
if (root) render(<App session={session} workplaces={workspaces} go={go} />, root)
void watchUpdates(workspaces.drafts)
