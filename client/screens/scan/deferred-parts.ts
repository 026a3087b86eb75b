// The parts of the scan screen that are not needed before the first scan.
import { deferred } from '../../ui/deferred.tsx'

export const QuestionCard = deferred(() => import('./question-card.tsx').then((module) => module.QuestionCard))
export const MoveInProgress = deferred(() => import('./move-in-progress.tsx').then((module) => module.MoveInProgress))
export const ScanLogList = deferred(() => import('./scan-log-list.tsx').then((module) => module.ScanLogList))
export const LeaveMoveSheet = deferred(() => import('./leave-move-sheet.tsx').then((module) => module.LeaveMoveSheet))
export const ResultCard = deferred(() => import('./result-card.tsx').then((module) => module.ResultCard))
