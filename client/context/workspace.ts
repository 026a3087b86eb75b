// The workspace: what the screens of one signed-in person share. Built once per person by the shell, and passed down.
import type { ReadonlySignal, Signal } from '@preact/signals'
import { type ComponentChildren, createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Clock } from '#shared/values/clock.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { Device } from '../device/device.ts'
import type { ScanRecord } from '../device/records.ts'
import type { CountDraftStore } from '../domain/count-drafts.ts'
import type { Scan } from '../scanner/code.ts'
import type { Feedback } from '../scanner/feedback.ts'
import type { SettingStore } from '../session/local-setting.ts'
import type { Session } from '../session/session.ts'
import type { Person } from '../session/stored-person.ts'
import type { NavEntry } from '../ui/layout/app-frame.tsx'
import type { Drafts } from './drafts.ts'
import type { Models } from './models.ts'
import type { StockTotals } from './stock-totals.ts'

/** Handles scans. The handler that was added last is asked first. */
export interface ScanHandler {
  /**
   * The mode and location that are stored with a scan, before it is looked up. Without it, those of the handler below.
   */
  context?: () => Pick<ScanRecord, 'mode' | 'locationId'>
  /** Returns false if the scan is not for this handler. */
  handle(record: ScanRecord, scan: Scan): boolean
}

/** Handles the scans that no other handler wants. */
export type DefaultScanHandler = Required<ScanHandler>

/** The navigation and the banner around a screen. */
export interface FrameParts {
  bar: readonly NavEntry[]
  side: readonly NavEntry[]
  sideEnd: readonly NavEntry[]
  banner: ComponentChildren
}

export interface Workspace {
  person: Person
  session: Session
  device: Device
  api: ApiClient
  clock: Clock
  status: ReadonlySignal<ConnectionStatus>
  syncNow(): void
  setOffline(isOffline: boolean): void
  /** Adds a scan handler. Returns the function that removes it. */
  handleScans(handler: ScanHandler): () => void
  /** Focuses an invisible field for scanners that write into one; see the scanner's catcher. */
  captureText(on: boolean): void
  feedback: Feedback
  soundsOn: Signal<boolean>
  /** Work that is started and not recorded. While there is any, nothing reloads the page. */
  drafts: Drafts
  countDrafts: CountDraftStore
  totals: StockTotals
  /** The models of the screens. */
  models: Models<Workspace>
  /** Settings of this browser. */
  settings: SettingStore
  useFrame(): FrameParts
}

export const WorkspaceContext = createContext<Workspace | undefined>(undefined)

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext)
  if (!workspace) throw new Error('a screen is rendered only inside a workspace')
  return workspace
}
