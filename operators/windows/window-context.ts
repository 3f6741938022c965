/**
 * What the process function of a window is given, and the object behind it.
 */
import type { OperatorContext } from '../operator.ts'
import { ContextObject } from '../process/context-objects.ts'
import type { Handles } from '../process/context-objects.ts'
import type { KeyedStates, NoStates, ProcessContext, StateHandles } from '../process/contexts.ts'
import { ON_TIME_PANE } from './pane.ts'
import type { Pane } from './pane.ts'
import type { TimeWindow } from './time-window.ts'
import { GLOBAL_WINDOW } from './window-assigner.ts'

/**
 * What `process` and `clear` are given (Flink's ProcessWindowFunction.Context). One object for all calls of an operator: use it
 * inside the call it was given to. What is emitted, also to side outputs, has the last millisecond of the window as its time.
 */
export interface WindowContext<
  K,
  S extends KeyedStates = NoStates,
  WS extends KeyedStates = NoStates,
> extends Omit<ProcessContext, 'operatorState'> {
  /** The key of the window; undefined for windows over all records. */
  readonly key: K
  readonly window: TimeWindow
  /** Which firing of the window this is. In `clear` it says nothing. */
  readonly pane: Pane
  /** The states declared under `state`: per key, across windows (Flink's globalState). */
  readonly state: StateHandles<S>
  /** The states declared under `windowState`: per key and window. They are cleared with their window. */
  readonly windowState: StateHandles<WS>
}

/** The handles of a window function's states. */
export interface WindowHandles {
  readonly state: Handles
  readonly windowState: Handles
}

/** The object behind `WindowContext`; the operator changes it before each call. */
export class WindowContextObject extends ContextObject {
  key: unknown = undefined
  window: TimeWindow = GLOBAL_WINDOW
  pane: Pane = ON_TIME_PANE
  readonly state: Handles
  readonly windowState: Handles

  constructor(context: OperatorContext, { state, windowState }: WindowHandles) {
    super(context, { operatorState: {}, broadcast: {} })
    this.state = state
    this.windowState = windowState
  }
}
