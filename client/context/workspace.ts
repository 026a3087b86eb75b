// What the shell hands down to every screen: the device, the session, how it stands with the server, and who gets scans.
import type { ReadonlySignal, Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import type { Person, Session } from '../session/session.ts'
import type { ScanRecord } from '../device/records.ts'
import type { Device } from '../device/device.ts'
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { Scan } from '../scanner/code.ts'
import type { Feedback } from '../scanner/feedback.ts'
import type { NavEntry } from '../ui/layout/app-frame.tsx'
import type { Drafts } from './drafts.ts'

/** Who gets a scan: the one that asked last, or, where that one has no use for it, who asked before. */
export interface ScanHandler {
  /** What a scan means now, kept with it before it is looked up. Left out by who only asks aside: as it would mean without. */
  context?: () => Pick<ScanRecord, 'mode' | 'locationId'>
  /** False where it was not for this one. */
  handle(record: ScanRecord, scan: Scan): boolean
}

/** Takes what nobody else does. */
export type DefaultScanHandler = Required<ScanHandler>

/** What stands around a screen. */
export interface FrameParts {
  bar: readonly NavEntry[]
  side: readonly NavEntry[]
  sideEnd: readonly NavEntry[]
  banner: ComponentChildren
}

export interface Workspace {
  person: Person
  device: Device
  session: Session
  api: ApiClient
  status: ReadonlySignal<ConnectionStatus>
  syncNow(): void
  setOffline(paused: boolean): void
  /** Returns what ends it. */
  handleScans(handler: ScanHandler): () => void
  /** Holds a focus for scanners that write into a field; see the scanner's catcher. */
  captureText(on: boolean): void
  feedback: Feedback
  soundsOn: Signal<boolean>
  drafts: Drafts
  useFrame(): FrameParts
}

export const WorkspaceContext = createContext<Workspace | undefined>(undefined)

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext)
  if (!workspace) throw new Error('a screen is drawn inside the app only')
  return workspace
}
