// The shared sheets, loaded when first opened.
import { deferred } from '../ui/deferred.tsx'

export const LocationPicker = deferred(() => import('./location-picker.tsx').then((module) => module.LocationPicker))
export const LotSheet = deferred(() => import('./lot-sheet.tsx').then((module) => module.LotSheet))
export const UnknownCode = deferred(() => import('./unknown-code.tsx').then((module) => module.UnknownCode))
export const UnresolvedSheet = deferred(() => import('./unresolved-sheet.tsx').then((module) => module.UnresolvedSheet))
