/**
 * From what a window holds to the records that leave it.
 */
import { originalKey } from '../../checkpoint/canonical-key.ts'
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace, StateBackend } from '../../checkpoint/state/state-backend.ts'
import type { KeyedStateDescriptor } from '../../checkpoint/state/state-descriptors.ts'
import type { OperatorContext, Output } from '../operator.ts'
import { NO_KEY, UnkeyedContextObject } from '../process/context-objects.ts'
import { ON_TIME_PANE } from './pane.ts'
import type { Pane } from './pane.ts'
import { maxTimestamp } from './time-window.ts'
import type { TimeWindow } from './time-window.ts'
import { WindowContextObject } from './window-context.ts'
import type { WindowOperatorOptions, WindowProcess } from './window-operator-options.ts'

/** A window of a key, as far as it concerns what leaves. */
interface Fired {
  readonly window: TimeWindow
  readonly namespace: Namespace
}

/** Turns what windows hold into records. */
export interface WindowEmitter {
  /** Whether windows have state of the user's, which must not be forgotten before they are. */
  readonly keepsWindowState: boolean
  /** Calls the user's `open`. */
  open(): void
  /** The window fires; the key is set in the state backend. */
  emit(key: CanonicalKey, fired: Fired, input: unknown, pane: Pane, watermark: number): void
  /** The window is forgotten; the key is set in the state backend. */
  clear(key: CanonicalKey, fired: Fired, watermark: number): void
  close(): void
}

/** Makes the emitter that the options ask for. */
export function windowEmitter(
  options: WindowOperatorOptions,
  context: OperatorContext,
  output: Output,
): WindowEmitter {
  const keyed = options.key !== undefined
  return options.process === undefined
    ? new ResultEmitter(keyed, options.result, output)
    : new ProcessEmitter(keyed, options.process, context, output)
}

class ResultEmitter implements WindowEmitter {
  readonly keepsWindowState = false
  readonly #keyed: boolean
  readonly #makeRecord: WindowOperatorOptions['result']
  readonly #output: Output

  constructor(keyed: boolean, makeRecord: WindowOperatorOptions['result'], output: Output) {
    this.#keyed = keyed
    this.#makeRecord = makeRecord
    this.#output = output
  }

  emit(key: CanonicalKey, { window }: Fired, input: unknown, pane: Pane): void {
    let record = input
    if (this.#makeRecord !== undefined) {
      record = this.#makeRecord(input as never, {
        key: (this.#keyed ? originalKey(key) : undefined) as never,
        windowStart: window.start,
        windowEnd: window.end,
        pane,
      })
    }
    this.#output.emit(record, maxTimestamp(window))
  }

  open(): void {
    // Nothing of its own.
  }

  clear(): void {
    // Nothing of its own.
  }

  close(): void {
    // Nothing of its own.
  }
}

class ProcessEmitter implements WindowEmitter {
  readonly keepsWindowState: boolean
  readonly #keyed: boolean
  readonly #process: WindowProcess
  readonly #backend: StateBackend
  readonly #context: WindowContextObject
  readonly #lifeCycle: UnkeyedContextObject
  readonly #windowStates: readonly { clear(): void }[]
  readonly #emit: (value: unknown) => void

  constructor(keyed: boolean, process: WindowProcess, context: OperatorContext, output: Output) {
    const { state, windowState } = process
    const { state: backend } = context
    const handles = {
      state: openStates(backend, state, false),
      windowState: openStates(backend, windowState, true),
    }
    this.#keyed = keyed
    this.#process = process
    this.#backend = backend
    this.#context = new WindowContextObject(context, handles)
    this.#lifeCycle = new UnkeyedContextObject(
      context,
      { operatorState: {}, broadcast: {} },
      NO_KEY.lifeCycle,
    )
    this.#windowStates = Object.values(handles.windowState) as { clear(): void }[]
    this.keepsWindowState = this.#windowStates.length > 0
    this.#emit = (value) => {
      output.emit(value, this.#context.timestamp)
    }
  }

  open(): void {
    this.#process.definition.open?.(this.#lifeCycle as never)
  }

  emit(key: CanonicalKey, fired: Fired, input: unknown, pane: Pane, watermark: number): void {
    const context = this.#contextFor(key, fired, pane, watermark)
    this.#process.definition.process(context as never, input as never, this.#emit as never)
  }

  clear(key: CanonicalKey, fired: Fired, watermark: number): void {
    const { definition } = this.#process
    if (definition.clear === undefined && !this.keepsWindowState) return
    const context = this.#contextFor(key, fired, ON_TIME_PANE, watermark)
    definition.clear?.(context as never)
    for (const state of this.#windowStates) state.clear()
  }

  close(): void {
    this.#process.definition.close?.(this.#lifeCycle as never)
  }

  #contextFor(
    key: CanonicalKey,
    { window, namespace }: Fired,
    pane: Pane,
    watermark: number,
  ): WindowContextObject {
    const context = this.#context
    this.#backend.setNamespace(namespace)
    context.key = this.#keyed ? originalKey(key) : undefined
    context.window = window
    context.pane = pane
    context.timestamp = maxTimestamp(window)
    context.currentWatermark = watermark
    return context
  }
}

function openStates(
  backend: StateBackend,
  descriptors: Readonly<Record<string, KeyedStateDescriptor>>,
  namespaced: boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(descriptors).map(([name, descriptor]) => [
      name,
      backend.keyedState(name, descriptor, { namespaced }),
    ]),
  )
}
