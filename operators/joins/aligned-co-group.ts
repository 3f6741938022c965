/**
 * Co-groups in windows of event time that follow one another and fire once, when the watermark passes their end.
 *
 * Does what the general window operator does with less per record and key: no mark on each record, no timer per key, a list per side.
 * Windows fire in the order of their ends, the keys of a window in the order in which they came; firing stops while the output is full. The
 * snapshot is that of the general operator, timers included, so that either takes up what the other has left. Used by the slot's thread.
 */
import { canonicalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Counter, OperatorContext, Output, TwoInputOperator } from '../operator.ts'
import { isAligned, firesOnce } from '../windows/fast-window-operator.ts'
import { ON_TIME_PANE } from '../windows/pane.ts'
import { noTimestamp } from '../windows/window-aggregate.ts'
import type { WindowAssigner, WindowSpacing } from '../windows/window-assigner.ts'
import { windowStartWithOffset } from '../windows/window-assigner.ts'
import { windowEmitter } from '../windows/window-emitter.ts'
import type { WindowEmitter } from '../windows/window-emitter.ts'
import { openSidedWindow, registerSidedWindows } from './sided-windows.ts'
import type { SidedRecords, SidedWindow, SidedWindows } from './sided-windows.ts'
import type { WindowCoGroupOptions } from './window-co-group.ts'

/** The operator for these options, with the results of the general one; undefined where their windows need that. */
export function alignedCoGroup(options: WindowCoGroupOptions): TwoInputOperator | undefined {
  const { windows, keys, process, sides } = options
  const { assigner, lateTag, allowedLatenessMs = 0 } = windows
  const { spacing } = assigner
  if (spacing === undefined || !isAligned(assigner) || allowedLatenessMs > 0) return undefined
  if (!firesOnce({ ...windows, key: undefined })) return undefined
  const { definition } = process
  const forgotten = {
    clear: (context: never) => {
      definition.clear?.(context)
    },
  }
  const emitterOptions = {
    assigner,
    // Only whether there is one is asked.
    key: keys[0],
    process: {
      ...process,
      definition: {
        open: (context: never) => {
          definition.open?.(context)
        },
        process: sides as (context: never, input: never, emit: never) => void,
        close: (context: never) => {
          definition.close?.(context)
        },
        ...(definition.clear === undefined ? {} : forgotten),
      },
    },
  }
  const create = withOwnCode(createOperator)
  return create(
    { assigner, spacing, keys, lateTag },
    {
      canonicalKey,
      detachKey,
      noTimestamp,
      windowStartWithOffset,
      openSidedWindow,
      registerSidedWindows,
      newEmitter: (context, output) => windowEmitter(emitterOptions, context, output),
      ON_TIME_PANE,
      MIN_TIMESTAMP,
      MAX_TIMESTAMP,
    },
  )
}

interface CoGroupParts {
  readonly assigner: WindowAssigner<never>
  readonly spacing: WindowSpacing
  readonly keys: WindowCoGroupOptions['keys']
  readonly lateTag: string | undefined
}

interface Imports {
  readonly canonicalKey: typeof canonicalKey
  readonly detachKey: typeof detachKey
  readonly noTimestamp: typeof noTimestamp
  readonly windowStartWithOffset: typeof windowStartWithOffset
  readonly openSidedWindow: typeof openSidedWindow
  readonly registerSidedWindows: typeof registerSidedWindows
  readonly newEmitter: (context: OperatorContext, output: Output) => WindowEmitter
  readonly ON_TIME_PANE: typeof ON_TIME_PANE
  readonly MIN_TIMESTAMP: number
  readonly MAX_TIMESTAMP: number
}

/** Evaluated anew for every operator (own-code): nothing but parameters and globals in it. */
function createOperator(parts: CoGroupParts, imports: Imports): TwoInputOperator {
  const { assigner, lateTag } = parts
  const { size, offset } = parts.spacing
  const firstKey = parts.keys[0] as (value: unknown) => unknown
  const secondKey = parts.keys[1] as (value: unknown) => unknown
  const { canonicalKey, detachKey, noTimestamp, windowStartWithOffset } = imports
  const { openSidedWindow, registerSidedWindows, newEmitter } = imports
  const { ON_TIME_PANE, MIN_TIMESTAMP, MAX_TIMESTAMP } = imports
  const open: SidedWindow[] = []
  const windows: SidedWindows = {
    open,
    touch: undefined,
    epoch: 0,
    restoredWatermark: MIN_TIMESTAMP,
  }
  let context: OperatorContext
  let output: Output
  let emitter: WindowEmitter
  /** Undefined where nobody reads it. */
  let late: Output | undefined
  let lateDropped: Counter
  let watermark = MIN_TIMESTAMP
  /** Bounds of the last record's window, as in `windowAggregate`. An empty range: none. */
  const bounds = Float64Array.of(MAX_TIMESTAMP, MIN_TIMESTAMP)
  let current: SidedWindow | undefined

  /** Makes the window of `timestamp` the current one; undefined when it has fired. */
  function enterWindow(timestamp: number): SidedWindow | undefined {
    if (timestamp - timestamp !== 0) noTimestamp(assigner)
    const start = windowStartWithOffset(timestamp, offset, size)
    if (start + size - 1 <= watermark) return undefined
    current = openSidedWindow(open, start, start + size)
    bounds[0] = start
    bounds[1] = start + size
    return current
  }

  function leaveWindow(): void {
    current = undefined
    bounds[0] = MAX_TIMESTAMP
    bounds[1] = MIN_TIMESTAMP
  }

  /** The window of a record; undefined for one that is late. */
  function windowOf(value: unknown, timestamp: number): SidedWindow | undefined {
    if (timestamp >= (bounds[0] as number) && timestamp < (bounds[1] as number)) return current
    const window = enterWindow(timestamp)
    if (window !== undefined) return window
    if (lateTag === undefined) lateDropped.value++
    else late?.emit(value, timestamp)
    return undefined
  }

  function recordsOf(window: SidedWindow, key: CanonicalKey): SidedRecords {
    const known = window.byKey.get(key)
    if (known !== undefined) {
      if (windows.touch !== undefined) windows.touch(key, known)
      return known
    }
    const { byKey } = window
    const { epoch } = windows
    const rank = byKey.size
    const records: SidedRecords = {
      window,
      first: undefined,
      second: undefined,
      fired: 0,
      rank,
      epoch,
    }
    byKey.set(detachKey(key), records)
    return records
  }

  /** Hands out all that a window holds. False when it stopped because there is no room. */
  function fire(window: SidedWindow): boolean {
    const { byKey } = window
    for (const [key, records] of byKey) {
      if (output.full) return false
      if (windows.touch !== undefined) windows.touch(key, records)
      byKey.delete(key)
      finish(key, records)
    }
    return true
  }

  function finish(key: CanonicalKey, records: SidedRecords): void {
    const { first = [], second = [], fired } = records
    const { fired: window } = records.window
    context.state.setCurrentKey(key)
    if (first.length > 0 || second.length > 0) {
      const pane = fired === 0 ? ON_TIME_PANE : ({ timing: 'onTime', index: fired } as const)
      emitter.emit(key, window, { first, second }, pane, watermark)
    }
    emitter.clear(key, window, watermark)
  }

  return {
    open(given, to) {
      context = given
      output = to
      registerSidedWindows(context.state, windows, () => watermark)
      emitter = newEmitter(context, output)
      late = lateTag === undefined ? undefined : context.sideOutput(lateTag)
      lateDropped = context.counter('lateRecordsDropped')
      emitter.open()
    },
    processRecord1(value, timestamp) {
      const key = canonicalKey(firstKey(value))
      const window = windowOf(value, timestamp)
      if (window === undefined) return
      const records = recordsOf(window, key)
      if (records.first === undefined) records.first = [value]
      else records.first.push(value)
    },
    processRecord2(value, timestamp) {
      const key = canonicalKey(secondKey(value))
      const window = windowOf(value, timestamp)
      if (window === undefined) return
      const records = recordsOf(window, key)
      if (records.second === undefined) records.second = [value]
      else records.second.push(value)
    },
    processWatermark(timestamp) {
      if (timestamp > watermark) watermark = timestamp
      if (watermark <= windows.restoredWatermark) return true
      for (
        let first = open[0];
        first !== undefined && first.end - 1 <= watermark;
        first = open[0]
      ) {
        if (first === current) leaveWindow()
        if (!fire(first)) return false
        open.shift()
      }
      return true
    },
    endInput() {
      return this.processWatermark(MAX_TIMESTAMP)
    },
    close() {
      open.length = 0
      leaveWindow()
      emitter.close()
    },
  }
}
