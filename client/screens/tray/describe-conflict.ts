// Describes a refusal or review in words, and lists the ways to resolve it.
import { recordedArgs, type RecordedArgs } from '#shared/mutations/args.ts'
import { otherSide } from '#shared/mutations/reviews/conflict-ways.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import { stampMs } from '#shared/values/stamp.ts'
import type { Device } from '../../device/device.ts'
import { fieldName, describeMutation } from '../../domain/describe-mutation.ts'
import { formatDateTime } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'

export interface ConflictDescription {
  title: string
  /** What was done, and when. */
  note: string
  amount: string | undefined
  cause: string
  remedy: string
  /** Conflicting values, or numbers that do not match. */
  details: string[]
}

export interface RefusedMutation {
  name: string
  args: RecordedArgs
}

export function mutationOfConflict({ mutation }: Conflict): RefusedMutation {
  const { name = '', args = {} } = JSON.parse(mutation) as Partial<RefusedMutation>
  return { name, args: recordedArgs(args) }
}

export function describeConflict(device: Device, conflict: Conflict): ConflictDescription {
  const { title, note, amount } = describeMutation(device, mutationOfConflict(conflict))
  const by = device.queries.member(conflict.userId)?.name
  return {
    title,
    note: [note, by, formatDateTime(stampMs(conflict.at))].filter(Boolean).join(' · '),
    amount,
    ...meaning(conflict.code),
    details: detailsOf(conflict),
  }
}

function detailsOf({ detail }: Conflict): string[] {
  if (!detail) return []
  const { available, wanted, field, kept, lost, problems } = detail
  const lines: string[] = []
  if (typeof available === 'number' && typeof wanted === 'number') {
    lines.push(t('conflict.short', { here: available, wanted }))
  }
  const name = typeof field === 'string' ? fieldName(field) : undefined
  if ('kept' in detail) lines.push(t('conflict.kept', { field: name ?? '', value: textOf(kept) }).trim())
  if ('lost' in detail) lines.push(t('conflict.lost', { field: name ?? '', value: textOf(lost) }).trim())
  if (Array.isArray(problems)) lines.push(...problems.map(String))
  return lines
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return t('conflict.nothing')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export type ConflictOption = 'resend' | 'record' | 'correct' | 'keep' | 'take' | 'restore' | 'discard'

const ARCHIVED: ReadonlySet<string> = new Set(['item_archived', 'location_archived'])

const FINAL: ReadonlySet<string> = new Set(['already_exists', 'nothing_to_undo', 'not_open'])

/** The ways to resolve a conflict, the usual one first. */
export function conflictOptions(conflict: Conflict): ConflictOption[] {
  if (conflict.kind === 'review') {
    if (ARCHIVED.has(conflict.code)) return ['restore', 'keep']
    return otherSide(conflict) ? ['keep', 'take'] : ['keep']
  }
  const { args } = mutationOfConflict(conflict)
  const hasQuantity = typeof args['quantity'] === 'number' || typeof args['counted'] === 'number'
  if (conflict.code === 'insufficient_stock') return ['record', 'correct', 'discard']
  if (FINAL.has(conflict.code)) return ['discard']
  if (!hasQuantity) return ['resend', 'discard']
  return conflict.code === 'bad_args' ? ['correct', 'resend', 'discard'] : ['resend', 'correct', 'discard']
}
