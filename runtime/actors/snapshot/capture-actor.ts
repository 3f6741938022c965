/**
 * One actor as part of a snapshot: what it keeps, what waits for it and what it has begun.
 *
 * Used by the slot's thread, between two messages of the actor.
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import type { ActorCell } from '../actor-cell.ts'
import { findDefinition, isExported } from '../actor-definition.ts'
import type { ActorPlan } from '../actor-host.ts'
import { Envelope } from '../actor-inbox.ts'
import type { ActorMail } from '../actor-mail.ts'
import type { Begun } from '../actor-scope.ts'
import { packValue } from './packed-value.ts'
import type { ActorRecord, MailRecord, Packed, TimerRecord, WatchRecord } from './stored-system.ts'

type TimerWork = Extract<Begun, { kind: 'timer' }>

/**
 * Captures an actor that is settled. Throws `SNAPSHOT_UNSUPPORTED` (no state functions, a class that no module exports, a watch with a
 * function), `SNAPSHOT_FAILED` (its `snapshot` threw) and `UNSENDABLE_VALUE`.
 */
export function captureActor(cell: ActorCell, nowMs: number): ActorRecord {
  const { label } = cell
  const begun = cell.begunWork
  const timers = begun.filter((work) => work.kind === 'timer')
  const restart = begun.find((work) => work.kind === 'restart')
  const started = cell.state === 'running'
  return {
    ...recordOf(cell.id, cell.parent, cell.slot, cell, label),
    started,
    delayMs: Math.max(0, (restart?.dueMs ?? nowMs) - nowMs),
    state: started ? captureState(cell) : undefined,
    restartAgesMs: cell.restarts.map((atMs) => nowMs - atMs),
    timers: timers.map((timer) => captureTimer(timer, label, nowMs)),
    watches: begun.flatMap((work) => (work.kind === 'watch' ? [captureWatch(work, label)] : [])),
    mail: captureMail(cell, timers),
  }
}

/** An actor that was on its way to its slot. */
export function captureSpawn(
  mail: Extract<ActorMail, { kind: 'spawn' }>,
  slot: number,
): ActorRecord {
  const { actor, parent, delayMs, spec } = mail
  const label = `actor '${spec.name ?? spec.key.name}' (id ${actor}, slot ${slot})`
  return { ...recordOf(actor, parent, slot, mail, label), delayMs }
}

/** A message to an actor as a record. */
export function captureMessage(value: unknown, label: string): MailRecord {
  return { kind: 'message', value: packMessage(value, label) }
}

/** What all actors have: one that has yet to start, with nothing waiting. */
function recordOf(
  id: number,
  parent: number,
  slot: number,
  { spec, args }: ActorPlan,
  label: string,
): ActorRecord {
  if (!isExported(spec.key)) {
    throw unsupported(
      label,
      'its class to name its module (static readonly module = import.meta.url)',
    )
  }
  return {
    id,
    parent,
    slot,
    key: spec.key,
    name: spec.name,
    supervision: spec.supervision,
    capacity: spec.capacity,
    args: packValue(args, `snapshot: arguments of ${label}`),
    started: false,
    delayMs: 0,
    state: undefined,
    restartAgesMs: [],
    timers: [],
    watches: [],
    mail: [],
  }
}

function captureState(cell: ActorCell): Packed | undefined {
  const { label } = cell
  let taken: ReturnType<ActorCell['takeState']>
  try {
    taken = cell.takeState()
  } catch (cause) {
    throw new MillraceError('SNAPSHOT_FAILED', `The 'snapshot' of ${label} threw`, { cause })
  }
  if (taken !== undefined) return packValue(taken.state, `snapshot: state of ${label}`)
  if (findDefinition(cell.spec.key)?.stateless === true) return undefined
  throw unsupported(label, 'it to have snapshot() and restore(), or to be declared stateless')
}

function captureTimer(work: TimerWork, label: string, nowMs: number): TimerRecord {
  return {
    message: packMessage(work.message, label),
    remainingMs: work.dueMs - nowMs,
    intervalMs: work.intervalMs,
  }
}

function captureWatch(work: Extract<Begun, { kind: 'watch' }>, label: string): WatchRecord {
  const { target, notify } = work
  if (typeof notify === 'function') {
    throw unsupported(label, 'its watches to be with a message, because a function is not data')
  }
  return { target, message: packMessage(notify, label) }
}

function captureMail(cell: ActorCell, timers: readonly TimerWork[]): MailRecord[] {
  const mail = cell.waitingMail.map((item): MailRecord => {
    if (!(item instanceof Envelope)) return captureMessage(item, cell.label)
    const timer = timers.findIndex(({ envelope }) => envelope === item)
    return timer < 0 ? captureMessage(item.value, cell.label) : { kind: 'beat', timer }
  })
  if (cell.isAskedToStop) mail.push({ kind: 'stop' })
  return mail
}

function packMessage(value: unknown, label: string): Packed {
  return packValue(value, `snapshot: message to ${label}`)
}

function unsupported(label: string, expected: string): MillraceError {
  return new MillraceError(
    'SNAPSHOT_UNSUPPORTED',
    `Expected ${expected}; a snapshot cannot hold ${label}`,
  )
}
