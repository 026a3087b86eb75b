// The first thing that loads: whether somebody is signed in decides between the sign-in page and the workspace, which are
// chunks of their own.
import { lazy, LocationProvider, Route, Router } from 'preact-iso'
import { loadDeferred } from '../ui/deferred.tsx'
import type { Drafts } from '../context/drafts.ts'
import type { Session } from '../session/session.ts'
import { loadAllStrings } from '../strings/strings.ts'

const loadSignIn = async () => {
  const [{ SignIn }] = await Promise.all([import('../screens/sign-in/sign-in.tsx'), loadAllStrings()])
  return SignIn
}
const loadSignedIn = () => import('./signed-in.tsx').then(({ SignedIn }) => SignedIn)
const SignIn = lazy(loadSignIn)
const SignedIn = lazy(loadSignedIn)

export function App({ session, drafts }: { session: Session; drafts: Drafts }) {
  const isSignedIn = session.person.value !== undefined
  return (
    <LocationProvider>
      <Router>
        {isSignedIn
          ? [<Route key="signed-in" default component={SignedIn} session={session} drafts={drafts} />]
          : [<Route key="sign-in" default component={SignIn} session={session} />]}
      </Router>
    </LocationProvider>
  )
}

/** Starts loading what the app shows first, before it is rendered. */
export function preload(session: Session): void {
  const loading = session.person.peek() ? loadSignedIn() : import('../screens/sign-in/sign-in.tsx')
  void loading.catch(() => undefined) // the router loads it again, and handles a failure
}

/** Loads the rest in the background, once the first screen is there: all sentences, and the parts that it did not need. */
export async function loadTheRest(): Promise<void> {
  await loadAllStrings()
  await loadSignedIn()
  await loadDeferred()
}
