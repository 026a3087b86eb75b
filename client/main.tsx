// Starts the app: language, session, and the first screen.
import { render } from 'preact'
import { App, loadTheRest, preload } from './app/app.tsx'
import { watchUpdates } from './app/update.ts'
import { Drafts } from './context/drafts.ts'
import { Session } from './session/session.ts'
import { startLanguage } from './strings/strings.ts'
import './ui/styles/fonts.css'
import './ui/styles/tokens.css'
import './ui/styles/base.css'

const session = new Session()
const drafts = new Drafts()
preload(session)
await startLanguage()
const root = document.getElementById('app')
if (root) render(<App session={session} drafts={drafts} />, root)
whenIdle(() => {
  void watchUpdates(drafts)
  if (session.person.peek()) return load()
  // The sign-in page is there sooner if the rest loads while the person types.
  document.addEventListener('input', load, { once: true })
})

function load(): void {
  void loadTheRest().catch((error: unknown) => reportError(error))
}

/** Runs the work when the first screen is painted and the main thread is idle. Safari has no idle callbacks. */
function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 3_000 })
  else setTimeout(work, 1_000)
}
