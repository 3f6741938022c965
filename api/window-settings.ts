/**
 * What has been said about windows before their function comes: assigner, trigger, evictor, lateness, results; and the checks of it.
 */
import type { OutputTag } from '../operators/output-tag.ts'
import type { EarlyResults } from '../operators/windows/closing-triggers.ts'
import type { AnyEvictor } from '../operators/windows/evictor.ts'
import type { AnyTrigger } from '../operators/windows/trigger.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import type { WindowResults } from '../operators/windows/window-operator-options.ts'
import { buildErrorHere, describeValue, requireMethods, requireText } from './build-error.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'

/** Where the windows stand in the graph, and what has been said of them. */
export interface WindowSettings {
  readonly builder: GraphBuilder
  readonly ports: readonly Port[]
  /** Undefined: all records together, in one subtask. */
  readonly key: KeySelector | undefined
  readonly assigner: WindowAssigner<never>
  readonly trigger?: AnyTrigger
  readonly evictor?: AnyEvictor
  readonly allowedLatenessMs?: number
  readonly lateTag?: string
  readonly earlyResults?: EarlyResults
  readonly results?: WindowResults
}

/** The calls by which settings are made, for messages. */
const CALLS = {
  trigger: 'trigger',
  evictor: 'evictor',
  allowedLatenessMs: 'allowedLateness',
  lateTag: 'sideOutputLate',
  earlyResults: 'earlyResults',
  results: 'results',
} as const

type Setting = keyof typeof CALLS

/** Adds one setting. Throws INVALID_WINDOW where it was made before or contradicts another, TRIGGER_CANNOT_MERGE. */
export function withSetting<Name extends Setting>(
  settings: WindowSettings,
  name: Name,
  value: NonNullable<WindowSettings[Name]>,
): WindowSettings {
  if (settings[name] !== undefined)
    throw invalid(`${CALLS[name]} was called before: say it once for a window`)
  const changed = { ...settings, [name]: value }
  checkFiring(changed)
  checkLateness(changed)
  return changed
}

/** Throws INVALID_ARGUMENT unless `value` is a trigger. */
export function requireTrigger(value: unknown): void {
  const methods = ['onElement', 'onEventTime', 'onProcessingTime']
  requireMethods(value, methods, 'trigger: the argument', 'a Trigger')
  requireText((value as AnyTrigger).name, 'trigger: the name of the trigger')
}

/** Throws INVALID_ARGUMENT unless `value` is an evictor. */
export function requireEvictor(value: unknown): void {
  requireMethods(value, [], 'evictor: the argument', 'an Evictor')
  const evictor = value as Readonly<Record<keyof AnyEvictor, unknown>>
  requireText(evictor.name, 'evictor: the name of the evictor')
  if (typeof evictor.evictBefore === 'function') return
  if (typeof evictor.evictAfter === 'function') return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `evictor: '${String(evictor.name)}' must have evictBefore() or evictAfter(), or both`,
  )
}

/** Throws INVALID_ARGUMENT unless `value` is a number of ms from 0. */
export function requireLateness(value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `allowedLateness must be a number of ms from 0, got ${describeValue(value)}`,
  )
}

/** Throws INVALID_ARGUMENT unless `value` is a tag. */
export function requireTag(value: OutputTag<unknown>): void {
  requireText(value?.name, 'sideOutputLate: the name of the tag')
}

/** Throws INVALID_ARGUMENT unless `value` is one of the choices. */
export function requireResults(value: unknown): void {
  if (value === 'updates' || value === 'final') return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `results must be 'updates' or 'final', got ${describeValue(value)}`,
  )
}

/** Throws INVALID_ARGUMENT unless `value` says how often results come early. */
export function requireEarlyResults(value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    const [[name, every] = [], ...more] = Object.entries(value)
    const isKnown = name === 'everyMs' || name === 'everyRecords'
    if (isKnown && more.length === 0 && Number.isSafeInteger(every) && (every as number) >= 1)
      return
  }
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    'earlyResults must be { everyMs } or { everyRecords }, a whole number from 1, ' +
      `got ${typeof value === 'object' && value !== null ? JSON.stringify(value) : describeValue(value)}`,
  )
}

/** What decides when windows fire must be said in one place. */
function checkFiring({ assigner, trigger, earlyResults, results }: WindowSettings): void {
  const final = results === 'final'
  if (trigger !== undefined && assigner.merge !== undefined)
    requireMergingTrigger(trigger, assigner)
  if (trigger !== undefined && earlyResults !== undefined) {
    throw invalid(
      `earlyResults and the trigger '${trigger.name}' both say when windows fire: leave one of them out`,
    )
  }
  if (trigger !== undefined && final) {
    throw invalid(
      `results('final') lets each window fire once, when nothing can change it any more; the trigger '${trigger.name}' says otherwise: leave one of them out`,
    )
  }
  if (earlyResults !== undefined && final) {
    throw invalid(
      `results('final') lets only the last result of a window leave, and earlyResults asks for others: leave one of them out`,
    )
  }
  if (assigner.defaultTrigger !== undefined && (final || earlyResults !== undefined)) {
    throw invalid(
      `${final ? "results('final')" : 'earlyResults'} needs windows that come to an end; '${assigner.name}' fires by its trigger alone`,
    )
  }
}

/** Throws TRIGGER_CANNOT_MERGE. */
export function requireMergingTrigger(trigger: AnyTrigger, assigner: WindowAssigner<never>): void {
  if (typeof trigger.onMerge === 'function') return
  throw buildErrorHere(
    'TRIGGER_CANNOT_MERGE',
    `the windows '${assigner.name}' merge, but the trigger '${trigger.name}' cannot: it has no onMerge()`,
  )
}

/** Lateness is a matter of event time. */
function checkLateness({ assigner, allowedLatenessMs, lateTag }: WindowSettings): void {
  if (allowedLatenessMs === undefined && lateTag === undefined) return
  const call = lateTag === undefined ? 'allowedLateness' : 'sideOutputLate'
  if (assigner.time === 'processing') {
    throw invalid(
      `${call}: records are never late for '${assigner.name}', which goes by the clock; leave it out`,
    )
  }
  if (assigner.endless === true) {
    throw invalid(
      `${call}: records are never late for '${assigner.name}', which never ends; leave it out`,
    )
  }
}

function invalid(message: string): Error {
  return buildErrorHere('INVALID_WINDOW', message)
}
