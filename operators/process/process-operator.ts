/**
 * The operator behind `process`, for one input or two, with keys or without, and beside a broadcast stream (Flink's
 * ProcessOperator, KeyedProcessOperator, their Co twins and CoBroadcastWith(Non)KeyedOperator).
 *
 * It sets the context, calls the user and keeps nothing itself: states and timers live in the state backend.
 */
import { originalKey } from '../../checkpoint/canonical-key.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type {
  KeyedStateDescriptor,
  OperatorStateDescriptor,
} from '../../checkpoint/state/state-descriptors.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Operator, OperatorContext, Output, TwoInputOperator } from '../operator.ts'
import {
  BroadcastContextObject,
  KeyedContextObject,
  NO_KEY,
  ReadOnlyBroadcast,
  UnkeyedContextObject,
} from './context-objects.ts'
import type { ContextObject, Handles, KeyVisitor, UnkeyedHandles } from './context-objects.ts'
import type { Emit } from './contexts.ts'
import { keyedInput, plainInput } from './process-input.ts'
import type { RecordFunction, RecordInput } from './process-input.ts'
import { KeyedTimers } from './keyed-timers.ts'

/** One input of the operator. */
export interface ProcessInput {
  readonly fn: RecordFunction
  /** The key of a record; undefined on an input without keys. */
  readonly key: ((value: never) => unknown) | undefined
  /** Whether its records are broadcast ones, which may change broadcast state. */
  readonly broadcast?: boolean
}

/** The functions of a definition, whatever its inputs. */
export interface ProcessFunctions {
  open?(context: never): void
  onTimer?(timer: never, context: never, emit: Emit<never>): void
  close?(context: never): void
}

/** What the operator is made of. */
export interface ProcessParts {
  /** What the user wrote: `this` in all its functions. */
  readonly definition: ProcessFunctions
  /** One or two. */
  readonly inputs: readonly ProcessInput[]
  /** States by the names under which contexts have them. */
  readonly state: Readonly<Record<string, KeyedStateDescriptor>>
  readonly operatorState: Readonly<Record<string, OperatorStateDescriptor>>
  readonly broadcast: Readonly<Record<string, OperatorStateDescriptor>>
}

/** Makes the operator, with one input or two. It throws `INVALID_KEY`, and what contexts and timers throw. */
export function processOperator(
  parts: ProcessParts,
): Operator<never> | TwoInputOperator<never, never> {
  return parts.inputs.length === 1 ? new OneInputProcess(parts) : new TwoInputProcess(parts)
}

const notOpen: RecordInput = () => {
  throw new Error('the operator is not open')
}

/** What a timer's callback shows to the user. */
interface MutableTimer {
  time: number
  kind: 'eventTime' | 'processingTime'
}

abstract class Process {
  protected readonly parts: ProcessParts
  #contexts: ContextObject[] = []
  #lifeCycle: ContextObject | undefined
  #timers: KeyedTimers | undefined

  constructor(parts: ProcessParts) {
    this.parts = parts
  }

  open(context: OperatorContext, output: Output): void {
    const { definition, inputs, operatorState, broadcast } = this.parts
    const { state: backend } = context
    const handles = {
      operatorState: handlesOf(operatorState, (name, each) => backend.operatorState(name, each)),
      broadcast: handlesOf(broadcast, (name, each) => backend.operatorState(name, each)),
    }
    this.#lifeCycle = new UnkeyedContextObject(context, handles, NO_KEY.lifeCycle)
    const keyed = inputs.some(({ key }) => key !== undefined)
    const forRecords = keyed
      ? this.#keyedContext(context, output, handles)
      : new UnkeyedContextObject(context, forReaders(handles), NO_KEY.stream)
    const forBroadcast = this.#broadcastContext(context, handles, forRecords)
    this.#contexts = [forRecords, forBroadcast]
    const opened = inputs.map(({ fn, key, broadcast: isBroadcast = false }) => {
      const common = { definition, fn, output }
      if (isBroadcast) return plainInput({ ...common, context: forBroadcast })
      return key !== undefined && forRecords instanceof KeyedContextObject
        ? keyedInput({ ...common, context: forRecords, keyOf: key, backend })
        : plainInput({ ...common, context: forRecords })
    })
    this.setInputs(opened)
    definition.open?.(this.#lifeCycle as never)
  }

  /** Takes the code of the inputs. */
  protected abstract setInputs(inputs: readonly RecordInput[]): void

  processWatermark(watermark: number): boolean {
    for (const context of this.#contexts) context.currentWatermark = watermark
    return this.#timers === undefined || this.#timers.advanceWatermark(watermark)
  }

  processTime(now: number): boolean {
    return this.#timers === undefined || this.#timers.advanceTime(now)
  }

  endInput(): boolean {
    return true
  }

  close(): void {
    // Without it `open` has failed before the user's turn came.
    if (this.#lifeCycle !== undefined) this.parts.definition.close?.(this.#lifeCycle as never)
  }

  #keyedContext(
    context: OperatorContext,
    output: Output,
    handles: UnkeyedHandles,
  ): KeyedContextObject {
    const { definition, state } = this.parts
    const { state: backend } = context
    const states = handlesOf(state, (name, each) => backend.keyedState(name, each))
    const onTimer = definition.onTimer === undefined ? undefined : fire
    const timers = new KeyedTimers({ context, output, onTimer })
    const forRecords = new KeyedContextObject(context, forReaders(handles), {
      state: states,
      timers,
    })
    const emit = (value: unknown): void => {
      output.emit(value, forRecords.timestamp)
    }
    const timer: MutableTimer = { time: 0, kind: 'eventTime' }
    function fire(kind: MutableTimer['kind'], key: CanonicalKey, time: number): void {
      forRecords.key = originalKey(key)
      forRecords.timestamp = kind === 'eventTime' ? time : MIN_TIMESTAMP
      timer.time = time
      timer.kind = kind
      definition.onTimer?.(timer as never, forRecords as never, emit)
    }
    this.#timers = timers
    return forRecords
  }

  #broadcastContext(
    context: OperatorContext,
    handles: UnkeyedHandles,
    forRecords: ContextObject,
  ): ContextObject {
    if (!(forRecords instanceof KeyedContextObject))
      return new UnkeyedContextObject(context, handles, NO_KEY.stream)
    return new BroadcastContextObject(context, handles, this.#keyVisitor(context, forRecords.state))
  }

  /** Visits the keys that there are before the first visit. */
  #keyVisitor({ state: backend }: OperatorContext, handles: Handles): KeyVisitor {
    const { state } = this.parts
    return (stateName, visit) => {
      const descriptor = Object.hasOwn(state, stateName) ? state[stateName] : undefined
      if (descriptor === undefined) {
        throw new MillraceError(
          'UNKNOWN_STATE',
          `context.forEachKey: there is no state '${stateName}'; declared are ${Object.keys(state).join(', ') || 'none'}`,
        )
      }
      const handle = handles[stateName]
      const keys = Array.from(backend.keys(descriptor.name ?? stateName))
      const around = backend.currentKey
      for (const key of keys) {
        backend.setCurrentKey(key)
        visit(originalKey(key), handle)
      }
      // This may be inside another visit, whose handle shows the current key, too.
      if (around !== undefined) backend.setCurrentKey(around)
    }
  }
}

class OneInputProcess extends Process implements Operator<never> {
  processRecord: RecordInput = notOpen

  protected override setInputs([only = notOpen]: readonly RecordInput[]): void {
    this.processRecord = only
  }
}

class TwoInputProcess extends Process implements TwoInputOperator<never, never> {
  processRecord1: RecordInput = notOpen
  processRecord2: RecordInput = notOpen

  protected override setInputs([first = notOpen, second = notOpen]: readonly RecordInput[]): void {
    this.processRecord1 = first
    this.processRecord2 = second
  }
}

function handlesOf<D extends { readonly name?: string }>(
  descriptors: Readonly<Record<string, D>>,
  open: (storedName: string, descriptor: D) => unknown,
): Handles {
  return Object.fromEntries(
    Object.entries(descriptors).map(([name, descriptor]) => [
      name,
      open(descriptor.name ?? name, descriptor),
    ]),
  )
}

/** The same handles where broadcast state may only be read. */
function forReaders({ operatorState, broadcast }: UnkeyedHandles): UnkeyedHandles {
  const readOnly = Object.entries(broadcast).map(([name, state]) => [
    name,
    new ReadOnlyBroadcast(name, state as never),
  ])
  return { operatorState, broadcast: Object.fromEntries(readOnly) as Handles }
}
