// What a signed-in person works with here: the device that keeps their data, the sync that moves it, and the scanner's
// way in. One at a time; another person, organisation or role is another workplace.
import { effect, signal } from '@preact/signals'
import { Device } from '../device/device.ts'
import { deviceName } from '../device/storage/device-name.ts'
import type { Workspace, DefaultScanHandler } from '../context/workspace.ts'
import { Drafts } from '../context/drafts.ts'
import { ApiClient } from '../api/api-client.ts'
import { createFeedback } from '../scanner/feedback.ts'
import { Sync } from '../sync/sync.ts'
import { clearToasts } from '../ui/feedback/toast.tsx'
import { ScanDispatcher } from './scan-dispatcher.ts'
import type { Person, Session } from '../session/session.ts'

export interface OpenWorkspace {
  workspace: Omit<Workspace, 'useFrame'>
  scans: ScanDispatcher
}

const SOUNDS_KEY = 'stockhand.sounds'

export class Workspaces {
  readonly current = signal<OpenWorkspace | undefined>(undefined)
  /** Why this device cannot keep anything: a private window, a full disk. */
  readonly problem = signal<unknown>(undefined)
  readonly drafts = new Drafts()
  readonly soundsOn = signal(localStorage.getItem(SOUNDS_KEY) !== 'off')
  readonly #session: Session
  readonly feedback = createFeedback({ isMuted: () => !this.soundsOn.value })
  readonly #catchText: (on: boolean) => void
  /** A scan that no screen asked for. */
  readonly #fallback: DefaultScanHandler
  #openedAs: string | undefined
  #switching: Promise<void> = Promise.resolve()
  #close: (() => Promise<void>) | undefined

  constructor(
    session: Session,
    { otherwise, catchText }: { otherwise: DefaultScanHandler; catchText: (on: boolean) => void },
  ) {
    this.#session = session
    this.#catchText = catchText
    this.#fallback = otherwise
    effect(() => localStorage.setItem(SOUNDS_KEY, this.soundsOn.value ? 'on' : 'off'))
    effect(() => this.#follow(session.person.value))
  }

  #follow(person: Person | undefined): void {
    const as = person && [person.org.id, person.user.id, person.user.role, person.user.name, person.org.name].join(' ')
    if (as === this.#openedAs) return
    this.#openedAs = as
    this.#switching = this.#switching
      .then(() => this.#leave())
      .then(() => (person && as === this.#openedAs ? this.#open(person) : undefined))
      .catch((error: unknown) => void (this.problem.value = error))
  }

  async #leave(): Promise<void> {
    this.current.value = undefined
    clearToasts()
    await this.#close?.()
    this.#close = undefined
  }

  async #open(person: Person): Promise<void> {
    const { user } = person
    const name = deviceName(person)
    const device = await Device.open({ name, actor: { userId: user.id, role: user.role } })
    // Until this workplace is left, another tab's sign-in must not send what waits here under another name.
    const session = this.#session.of(person)
    const sync = new Sync({ device, session })
    const dispatcher = new ScanDispatcher({ store: device.scans, otherwise: this.#fallback })
    this.#close = async () => {
      await sync.stop()
      device.close()
    }
    const { soundsOn, drafts } = this
    this.current.value = {
      scans: dispatcher,
      workspace: {
        person,
        device,
        session: this.#session,
        api: new ApiClient(session, () => device.syncPoint.value.version),
        status: sync.status,
        syncNow: () => sync.syncNow(),
        setOffline: (paused) => sync.setOffline(paused),
        handleScans: dispatcher.handle,
        captureText: this.#catchText,
        feedback: this.feedback,
        soundsOn,
        drafts,
      },
    }
    sync.start()
  }
}
