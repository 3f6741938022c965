/**
 * Windows over two inputs: the records of both sides of a key and window, together.
 *
 * As Flink's CoGroupedStreams it marks each record with its side and hands it to a window operator; what the user gave for the
 * windows (assigner, trigger, evictor) sees the records without the mark. The records of a window are kept until it is forgotten.
 */
import { alignedCoGroup } from './aligned-co-group.ts'
import type { OperatorContext, Output, TwoInputOperator } from '../operator.ts'
import { createWindowOperator } from '../windows/create-window-operator.ts'
import type { AnyEvictor, EvictorContext, WindowElement } from '../windows/evictor.ts'
import type { AnyTrigger } from '../windows/trigger.ts'
import type { WindowAssigner } from '../windows/window-assigner.ts'
import type { WindowOperatorOptions, WindowProcess } from '../windows/window-operator-options.ts'

/** A record and the side it came from: 0 for the first input. Plain data, because it lies in state. */
type Sided = readonly [side: 0 | 1, value: unknown]

/** What a window does with the records of both sides. */
export type SidesFunction = (
  context: never,
  sides: { readonly first: readonly unknown[]; readonly second: readonly unknown[] },
  emit: never,
) => void

/** What `windowCoGroup` computes. */
export interface WindowCoGroupOptions {
  /** As for windows over one input. */
  readonly windows: Omit<
    WindowOperatorOptions,
    'key' | 'aggregate' | 'inArrivalOrder' | 'result' | 'process'
  >
  /** The key of a record of each side. */
  readonly keys: readonly [first: (value: never) => unknown, second: (value: never) => unknown]
  /** The states and the other functions of the definition; its `process` is called with both sides. */
  readonly process: WindowProcess
  readonly sides: SidesFunction
}

/** The name under which the inner operator knows the side output of late records: theirs are marked. */
const LATE = 'millrace.late'

/** Makes the operator. It throws what window operators throw. */
export function windowCoGroup(options: WindowCoGroupOptions): TwoInputOperator {
  return alignedCoGroup(options) ?? generalCoGroup(options)
}

function generalCoGroup(options: WindowCoGroupOptions): TwoInputOperator {
  const { windows, keys, process, sides } = options
  const { trigger, evictor, lateTag } = windows
  const { definition } = process
  const inner = createWindowOperator({
    ...windows,
    assigner: unmarkedAssigner(windows.assigner),
    trigger: trigger === undefined ? undefined : unmarkedTrigger(trigger),
    evictor: evictor === undefined ? undefined : unmarkedEvictor(evictor),
    lateTag: lateTag === undefined ? undefined : LATE,
    key: ([side, value]: Sided) => keys[side](value as never),
    process: {
      ...process,
      definition: {
        process: (context: never, elements: readonly Sided[], emit: never) => {
          sides(context, { first: sideOf(elements, 0), second: sideOf(elements, 1) }, emit)
        },
        open: (context: never) => {
          definition.open?.(context)
        },
        clear: (context: never) => {
          definition.clear?.(context)
        },
        close: (context: never) => {
          definition.close?.(context)
        },
      },
    },
  })
  const marked = (side: 0 | 1, value: unknown): never => [side, value] as never
  return {
    open: (context, output) => {
      inner.open(unmarkedLate(context, lateTag), output)
    },
    processRecord1: (value, timestamp) => {
      inner.processRecord(marked(0, value), timestamp)
    },
    processRecord2: (value, timestamp) => {
      inner.processRecord(marked(1, value), timestamp)
    },
    processWatermark: (watermark) => inner.processWatermark(watermark),
    processTime: (now) => inner.processTime?.(now) ?? true,
    endInput: () => inner.endInput(),
    close: () => {
      inner.close()
    },
  }
}

function sideOf(elements: readonly Sided[], wanted: 0 | 1): unknown[] {
  const values: unknown[] = []
  for (const [side, value] of elements) if (side === wanted) values.push(value)
  return values
}

function unmarkedAssigner(assigner: WindowAssigner<never>): WindowAssigner<Sided> {
  const { name, time, needsTimestamps, merge, defaultTrigger, endless } = assigner
  return {
    name,
    time,
    needsTimestamps,
    assignWindows: ([, value], timestamp, context) =>
      assigner.assignWindows(value as never, timestamp, context),
    ...(merge === undefined ? {} : { merge }),
    ...(defaultTrigger === undefined ? {} : { defaultTrigger: unmarkedTrigger(defaultTrigger) }),
    ...(endless === undefined ? {} : { endless }),
  }
}

function unmarkedTrigger(trigger: AnyTrigger): AnyTrigger {
  return {
    name: trigger.name,
    onElement: ([, value]: Sided, timestamp, context) =>
      trigger.onElement(value, timestamp, context),
    onEventTime: (time, context) => trigger.onEventTime(time, context),
    onProcessingTime: (time, context) => trigger.onProcessingTime(time, context),
    ...(trigger.createState === undefined
      ? {}
      : { createState: () => trigger.createState?.() as unknown }),
    ...(trigger.onMerge === undefined
      ? {}
      : {
          onMerge: (context) => {
            trigger.onMerge?.(context)
          },
        }),
    clear: (context) => {
      trigger.clear?.(context)
    },
  }
}

function unmarkedEvictor(evictor: AnyEvictor): AnyEvictor {
  const through =
    (evict: 'evictBefore' | 'evictAfter') =>
    (elements: readonly WindowElement<Sided>[], context: EvictorContext) => {
      const plain = elements.map(({ value: [, value], timestamp }) => ({ value, timestamp }))
      const kept = new Set(evictor[evict]?.(plain, context) ?? plain)
      return elements.filter((_, i) => kept.has(plain[i] as WindowElement<unknown>))
    }
  return {
    name: evictor.name,
    ...(evictor.evictBefore === undefined ? {} : { evictBefore: through('evictBefore') }),
    ...(evictor.evictAfter === undefined ? {} : { evictAfter: through('evictAfter') }),
  }
}

/** The same context, with late records going out without their mark. */
function unmarkedLate(context: OperatorContext, lateTag: string | undefined): OperatorContext {
  if (lateTag === undefined) return context
  const late = context.sideOutput(lateTag)
  const unmarked: Output<Sided> | undefined =
    late === undefined
      ? undefined
      : {
          emit: ([, value], timestamp) => {
            late.emit(value, timestamp)
          },
          get full() {
            return late.full
          },
        }
  return {
    ...context,
    sideOutput: (tag) => (tag === LATE ? unmarked : context.sideOutput(tag)),
  }
}
