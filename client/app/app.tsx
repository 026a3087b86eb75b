// The first thing that loads: whether somebody is signed in decides between the sign-in page and the workspace, which are
// chunks of their own.
import { LocationProvider } from 'preact-iso'
import type { Drafts } from '../context/drafts.ts'
import type { Session } from '../session/session.ts'
import { loadAllStrings } from '../strings/strings.ts'
import { loadable, loadDeferred } from '../ui/deferred.tsx'

const signIn = loadable(async () => {
  const [{ SignIn }] = await Promise.all([import('../screens/sign-in/sign-in.tsx'), loadAllStrings()])
  return SignIn
})
const signedIn = loadable(() => import('./signed-in.tsx').then(({ SignedIn }) => SignedIn))

export function App({ session, drafts }: { session: Session; drafts: Drafts }) {
  return (
    <LocationProvider>
      <Part session={session} drafts={drafts} />
    </LocationProvider>
  )
}

function Part({ session, drafts }: { session: Session; drafts: Drafts }) {
  if (session.person.value) {
    void signedIn.load()
    const SignedIn = signedIn.component.value
    return SignedIn ? <SignedIn session={session} drafts={drafts} /> : null
  }
  void signIn.load()
  const SignIn = signIn.component.value
  return SignIn ? <SignIn session={session} /> : null
}

/** Starts loading what the app shows first, before the language is known. */
export function preload(session: Session): void {
  if (session.person.peek()) void signedIn.load()
  else void import('../screens/sign-in/sign-in.tsx').catch(() => undefined) // loaded again when it is shown
}

/** Loads the rest in the background, once the first screen is there: all sentences, and the parts that it did not need. */
export async function loadTheRest(): Promise<void> {
  await loadAllStrings()
  await signedIn.load()
  await loadDeferred()
}
