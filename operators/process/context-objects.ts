/**
 * The objects behind the contexts of `contexts.ts`: one per operator and kind of call, changed before each call.
 *
 * The operator writes `timestamp`, `currentWatermark` and `key`; users only read. What a stream without keys lacks throws an error
 * that says so, for programs without types.
 */
import type { BroadcastState, ReadOnlyBroadcastState } from '../../checkpoint/state/states.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { LogLevel, Logger } from '../logger.ts'
import type { Counter, OperatorContext, Output } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import type { ProcessLog, ProcessTimers } from './contexts.ts'

/** Handles of states by name. */
export type Handles = Readonly<Record<string, unknown>>

/** What an operator has without a key. */
export interface UnkeyedHandles {
  readonly operatorState: Handles
  readonly broadcast: Handles
}

/** What an operator has for the current key. */
export interface KeyedHandles {
  readonly state: Handles
  readonly timers: ProcessTimers
}

/** What every context has. */
export class ContextObject {
  timestamp = MIN_TIMESTAMP
  currentWatermark = MIN_TIMESTAMP
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly operatorState: Handles
  /** Handles of broadcast states, where there are any. */
  readonly broadcast: Handles
  readonly log: ProcessLog
  readonly #context: OperatorContext
  readonly #counters = new Map<string, Counter>()
  readonly #sides = new Map<string, Output | undefined>()

  constructor(context: OperatorContext, handles: UnkeyedHandles) {
    this.#context = context
    this.subtaskIndex = context.subtaskIndex
    this.parallelism = context.parallelism
    this.operatorState = handles.operatorState
    this.broadcast = handles.broadcast
    this.log = processLog(context.logger)
  }

  get processingTime(): number {
    return this.#context.clock.now()
  }

  /** A field, as `sideOutput`, so that users may take it out of the context: `({ counter }) => …`. */
  readonly counter = (name: string): Counter => {
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      counter = this.#context.counter(name)
      this.#counters.set(name, counter)
    }
    return counter
  }

  readonly sideOutput = <U>(tag: OutputTag<U>, value: U): void => {
    const name = tag?.name
    let side = this.#sides.get(name)
    if (side === undefined) {
      if (this.#sides.has(name)) return
      side = this.#openSide(name)
      if (side === undefined) return
    }
    side.emit(value, this.timestamp)
  }

  #openSide(name: unknown): Output | undefined {
    if (typeof name !== 'string' || name === '') {
      throw new MillraceError(
        'INVALID_TAG',
        `sideOutput expects a tag made with outputTag(name) first and the record second, got a tag whose name is ${String(name)}`,
      )
    }
    const side = this.#context.sideOutput(name)
    this.#sides.set(name, side)
    return side
  }
}

/** Why a context has no key. */
export const NO_KEY = {
  stream: 'call .keyBy(selector) on the stream before .process(…)',
  lifeCycle: 'there is none in open and close, only for a record or a timer',
  broadcast:
    'a broadcast record has none; context.forEachKey(stateName, visit) leads to the state of all keys of a keyed stream',
} as const

/** A context without a key. */
export class UnkeyedContextObject extends ContextObject {
  readonly #reason: string

  constructor(context: OperatorContext, handles: UnkeyedHandles, reason: string) {
    super(context, handles)
    this.#reason = reason
  }

  get key(): never {
    throw this.#withoutKey('STATE_WITHOUT_KEY', 'key')
  }

  get state(): never {
    throw this.#withoutKey('STATE_WITHOUT_KEY', 'state')
  }

  get timers(): never {
    throw this.#withoutKey('TIMERS_WITHOUT_KEY', 'timers')
  }

  #withoutKey(code: string, what: string): MillraceError {
    return new MillraceError(code, `context.${what} needs a key: ${this.#reason}`)
  }
}

/** The context on a keyed stream. */
export class KeyedContextObject extends ContextObject {
  key: unknown = undefined
  readonly state: Handles
  readonly timers: ProcessTimers

  constructor(context: OperatorContext, handles: UnkeyedHandles, keyed: KeyedHandles) {
    super(context, handles)
    this.state = keyed.state
    this.timers = keyed.timers
  }
}

/** Visits all keys that have something in a state; `visit` gets the key and the handle. */
export type KeyVisitor = (stateName: string, visit: (key: unknown, state: unknown) => void) => void

/** The context of broadcast records beside a keyed stream. */
export class BroadcastContextObject extends UnkeyedContextObject {
  readonly forEachKey: KeyVisitor

  constructor(context: OperatorContext, handles: UnkeyedHandles, forEachKey: KeyVisitor) {
    super(context, handles, NO_KEY.broadcast)
    this.forEachKey = forEachKey
  }
}

/** Broadcast state for the side that may only read it. */
export class ReadOnlyBroadcast<K, V> implements ReadOnlyBroadcastState<K, V> {
  readonly #name: string
  readonly #state: BroadcastState<K, V>

  constructor(name: string, state: BroadcastState<K, V>) {
    this.#name = name
    this.#state = state
  }

  get(key: K): V | undefined {
    return this.#state.get(key)
  }

  has(key: K): boolean {
    return this.#state.has(key)
  }

  get size(): number {
    return this.#state.size
  }

  entries(): Iterable<[K, V]> {
    return this.#state.entries()
  }

  set(): never {
    throw this.#readOnly('set')
  }

  delete(): never {
    throw this.#readOnly('delete')
  }

  clear(): never {
    throw this.#readOnly('clear')
  }

  #readOnly(method: string): MillraceError {
    return new MillraceError(
      'BROADCAST_READ_ONLY',
      `context.broadcast.${this.#name}.${method}: broadcast state can be changed in processBroadcast only, because only broadcast ` +
        'records come to all subtasks; elsewhere it would no longer be the same in all of them',
    )
  }
}

/** A log with a method per level. */
export function processLog(logger: Logger): ProcessLog {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      logger.log(level, message, fields)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
