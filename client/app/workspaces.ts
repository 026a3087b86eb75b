// Opens the workspace of the signed-in person: the device with their data, its sync, and the dispatcher of their scans.
// There is one at a time; another person, organisation or role opens another one.
import { effect, type ReadonlySignal, signal } from '@preact/signals'
import { systemClock } from '#shared/values/clock.ts'
import { ApiClient } from '../api/api-client.ts'
import type { Drafts } from '../context/drafts.ts'
import { Models } from '../context/models.ts'
import { StockTotals } from '../context/stock-totals.ts'
import type { DefaultScanHandler, FrameParts, Workspace } from '../context/workspace.ts'
import type { ConnectionStatus } from '../device/connection-status.ts'
import { Device } from '../device/device.ts'
import { deviceName } from '../device/storage/device-name.ts'
import { CountDraftStore } from '../domain/count-drafts.ts'
import { createFeedback } from '../scanner/feedback.ts'
import type { Session } from '../session/session.ts'
import type { Person } from '../session/stored-person.ts'
import { clearToasts } from '../ui/feedback/toast.tsx'
import { ScanDispatcher } from './scan-dispatcher.ts'

export interface OpenWorkspace {
  workspace: Workspace
  scans: ScanDispatcher
}

export interface WorkspacesOptions {
  session: Session
  drafts: Drafts
  /** Handles the scans that no screen wants. */
  fallback: DefaultScanHandler
  captureText: (on: boolean) => void
  useFrame: () => FrameParts
}

const SOUNDS_KEY = 'stockhand.sounds'

export class Workspaces {
  readonly current = signal<OpenWorkspace | undefined>(undefined)
  /** Why this browser cannot store anything: a private window, a full disk. */
  readonly problem = signal<unknown>(undefined)
  readonly soundsOn = signal(localStorage.getItem(SOUNDS_KEY) !== 'off')
  readonly feedback = createFeedback({ isMuted: () => !this.soundsOn.value })
  readonly #options: WorkspacesOptions
  #openedAs: string | undefined
  #switching: Promise<void> = Promise.resolve()
  #close: (() => Promise<void>) | undefined

  constructor(options: WorkspacesOptions) {
    this.#options = options
    effect(() => localStorage.setItem(SOUNDS_KEY, this.soundsOn.value ? 'on' : 'off'))
    effect(() => this.#follow(options.session.person.value))
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
    const { session, drafts, fallback, captureText, useFrame } = this.#options
    const device = await Device.open({ name: deviceName(person), actor: { userId: user.id, role: user.role } })
    // A token of another person, who signs in in another tab, must not send this person's mutations.
    const ownSession = session.of(person)
    const sync = startSync(device, ownSession)
    const scans = new ScanDispatcher({ store: device.scans, fallback })
    this.#close = async () => {
      await sync.stop()
      device.close()
    }
    const workspace: Omit<Workspace, 'models'> = {
      person,
      session,
      device,
      api: new ApiClient(ownSession, () => device.syncPoint.value.version),
      clock: systemClock,
      status: sync.status,
      syncNow: sync.syncNow,
      setOffline: sync.setOffline,
      handleScans: scans.handle,
      captureText,
      feedback: this.feedback,
      soundsOn: this.soundsOn,
      drafts,
      countDrafts: new CountDraftStore({ store: localStorage, deviceName: device.name }),
      totals: new StockTotals(device),
      settings: localStorage,
      useFrame,
    }
    const owner = workspace as Workspace
    this.current.value = { workspace: Object.assign(owner, { models: new Models(owner) }), scans }
  }
}

interface RunningSync {
  status: ReadonlySignal<ConnectionStatus>
  syncNow(): void
  setOffline(isOffline: boolean): void
  stop(): Promise<void>
}

/** Loads the sync engine and starts it. Screens show the stored data before it is there. */
function startSync(device: Device, session: ReturnType<Session['of']>): RunningSync {
  const status = signal<ConnectionStatus>({ link: 'connecting', busy: false, loading: undefined, problem: undefined })
  const starting = import('../sync/sync.ts').then(({ Sync }) => {
    const sync = new Sync({ device, session })
    const unsubscribe = effect(() => void (status.value = sync.status.value))
    sync.start()
    return { sync, unsubscribe }
  })
  starting.catch((error: unknown) => globalThis.reportError?.(error))
  return {
    status,
    syncNow: () => void starting.then(({ sync }) => sync.syncNow()),
    setOffline: (isOffline) => void starting.then(({ sync }) => sync.setOffline(isOffline)),
    stop: async () => {
      const running = await starting.catch(() => undefined)
      running?.unsubscribe()
      await running?.sync.stop()
    },
  }
}
