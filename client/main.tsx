// Boot: language, session, scanner, then the app. What a scan means is decided further in; that it is kept, here.
import { effect } from '@preact/signals'
import { render } from 'preact'
import { App, keepBadge, type Go } from './app/app.tsx'
import { askForBackgroundSync } from './app/background-sync.ts'
import { Session } from './session/session.ts'
import { watchUpdates } from './app/update.ts'
import { lookUpAnywhere } from './app/default-scan-handler.ts'
import { Workplaces } from './app/workspaces.ts'
import { watchRoom } from './context/storage-quota.ts'
import { bindWedge, type WedgeBinding } from './scanner/bind-wedge.ts'
import { publish } from './scanner/scans.ts'
import { startLanguage } from './strings/strings.ts'
import './ui/styles/tokens.css'
import './ui/styles/base.css'

await startLanguage()
const session = new Session()
const go: Go = { to: (href) => location.assign(href) }
let wedge: WedgeBinding | undefined
const workplaces: Workplaces = new Workplaces(session, {
  otherwise: lookUpAnywhere({ app: () => workplaces.current.value?.app, go: (href) => go.to(href) }),
  catchText: (on) => wedge?.catchText(on),
})
// Before anyone is signed in there is nowhere to keep a scan, and a password must never be taken for one.
effect(() => {
  if (!workplaces.current.value || session.revoked.value) return
  wedge = bindWedge(window, publish)
  return () => {
    wedge?.stop()
    wedge = undefined
  }
})
keepBadge(workplaces)
askForBackgroundSync(workplaces)
watchRoom()
// Making the sound system takes a moment: at the first key of the first scan, not at its answer.
for (const kind of ['keydown', 'pointerdown']) {
  window.addEventListener(kind, () => workplaces.feedback.wake(), { once: true, capture: true })
}
const root = document.getElementById('app')
if (root) render(<App session={session} workplaces={workplaces} go={go} />, root)
void watchUpdates(workplaces.drafts)
