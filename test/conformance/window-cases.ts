/**
 * The language in which the cases describe windows, turned into what this library has.
 *
 * Some special assigners are described in words or in Java; what cannot be read is reported by `notUnderstood`.
 */
import { evictors, globalWindow, session, sliding, triggers, tumbling } from '../../api/index.ts'
import type { Evictor, Trigger, WindowAssigner } from '../../api/index.ts'

/**
 * Milliseconds; the ends of the 64-bit range stand for those of event time. Times close to its ends are texts: digits, or `MAX-1750`.
 */
export type Time = number | string

/** A record of the cases. */
export type Pair = readonly [key: string, value: number]

/** An assigner. */
export interface AssignerConfig {
  readonly kind: string
  readonly time?: 'event' | 'processing'
  readonly size?: number
  readonly slide?: number
  readonly offset?: number
  readonly gap?: number
  readonly dynamicGap?: string | number
  readonly custom?: string
}

/** A trigger. */
export interface TriggerConfig {
  readonly kind: string
  readonly inner?: TriggerConfig
  readonly count?: number
  readonly interval?: number
  readonly intervalMs?: number
  readonly every?: number
  readonly threshold?: number
  readonly deltaFn?: string
  readonly timeout?: number
  readonly resetTimerOnNewRecord?: boolean
  readonly shouldClearOnTimeout?: boolean
  readonly custom?: string
}

/** An evictor. */
export interface EvictorConfig {
  readonly kind: string
  readonly maxCount?: number
  readonly windowSize?: number
  readonly threshold?: number
  readonly deltaFn?: string
  readonly doEvictAfter?: boolean
  readonly custom?: string
}

/** Says that a case describes something that this adapter cannot read. */
export class NotUnderstood extends Error {}

const LARGEST = 2n ** 63n - 1n

/**
 * Turns the time of a case into ours. A double is not exact near the ends of the 64-bit range, where some cases look for overflow: such times
 * are moved by a multiple of `period`, so that they lie in windows as before.
 */
export function timeOf(time: Time, period = 1): number {
  if (time === 'MIN') return -Infinity
  if (time === 'MAX') return Infinity
  if (typeof time === 'number') return time
  const match = /^(?:MAX\s*-\s*)?(-?\d+)$/.exec(time)
  if (match === null) throw new NotUnderstood(`the time '${time}'`)
  const digits = BigInt(match[1] ?? 0)
  const exact = time.startsWith('MAX') ? LARGEST - digits : digits
  if (exact === LARGEST) return Infinity
  if (exact === -LARGEST - 1n) return -Infinity
  const step = BigInt(period)
  return Number(exact - (exact / step - (exact > 0n ? 1_000_000n : -1_000_000n)) * step)
}

/** Times may be moved by multiples of this many ms without another place in their windows. */
export function periodOf({ size = 1, slide = 1 }: AssignerConfig): number {
  return size * slide
}

/** Makes the assigner. Throws NotUnderstood; INVALID_WINDOW for wrong parameters. */
export function assignerOf(config: AssignerConfig): WindowAssigner {
  const { kind, time = 'event', size = Number.NaN, slide = Number.NaN, offset } = config
  const shift = offset === undefined ? {} : { offset }
  switch (kind) {
    case 'tumbling':
      refuseCustom(config)
      return tumbling({ size, time, ...shift })
    case 'sliding':
      refuseCustom(config)
      return sliding({ size, slide, time, ...shift })
    case 'session':
    case 'dynamicSession':
      return sessionOf(config)
    case 'global':
      refuseCustom(config)
      return globalWindow()
    default:
      throw new NotUnderstood(`the assigner '${kind}'`)
  }
}

function sessionOf(config: AssignerConfig): WindowAssigner {
  const { time = 'event', gap, dynamicGap, custom } = config
  const gapMs =
    dynamicGap === undefined
      ? gap
      : typeof dynamicGap === 'number'
        ? () => dynamicGap
        : gapFunction(dynamicGap)
  const assigner = session<Pair>({ gapMs: gapMs as number, time }) as WindowAssigner
  return custom === undefined ? assigner : pointSessions(assigner, custom)
}

/** "key1 -> 3000; key2 -> 1000 if value[1]==10 else 2000; other -> 0" */
function gapFunction(text: string): (value: Pair) => number {
  if (/^-?\d+$/.test(text)) return () => Number(text)
  const rules = text.split(/[;\n]/).map((rule) => {
    const match =
      /^\s*"?(\w+)"?\s*->\s*(-?\d+)(?:\s+if\s+value\[1\]\s*===?\s*(-?\d+)\s+else\s+(-?\d+))?\s*$/.exec(
        rule,
      )
    if (match === null) throw new NotUnderstood(`the gap '${text}'`)
    const [, key, gap, wanted, otherwise] = match
    return { key, gap: Number(gap), wanted, otherwise: Number(otherwise) }
  })
  return ([key, value]) => {
    const rule =
      rules.find((each) => each.key === key) ??
      rules.find((each) => each.key === 'other' || each.key === 'else' || each.key === 'default')
    if (rule === undefined) return 0
    return rule.wanted === undefined || Number(rule.wanted) === value ? rule.gap : rule.otherwise
  }
}

/** "if value[1]==33 assign the empty window [ts,ts) instead of [ts,ts+gap)" */
function pointSessions(assigner: WindowAssigner, text: string): WindowAssigner {
  const match = /value\[1\]\s*={2,3}\s*(-?\d+).*\[ts,\s*ts\)/.exec(text)
  if (match === null) throw new NotUnderstood(`the assigner '${text}'`)
  const point = Number(match[1])
  return {
    ...assigner,
    assignWindows: (value, timestamp, context) =>
      (value as Pair)[1] === point
        ? [{ start: timestamp, end: timestamp }]
        : assigner.assignWindows(value, timestamp, context),
  }
}

/** Makes the trigger. Throws NotUnderstood. */
export function triggerOf(config: TriggerConfig): Trigger<Pair, never> {
  return someTrigger(config) as Trigger<Pair, never>
}

function someTrigger(config: TriggerConfig): unknown {
  const { kind, inner, count = Number.NaN, threshold = Number.NaN } = config
  const interval = config.interval ?? config.intervalMs ?? config.every ?? Number.NaN
  refuseCustom(config)
  switch (kind) {
    case 'eventTime':
    case 'endOfStream':
    case 'endOfInput':
      // On the global window, the end of event time is the end of the stream.
      return triggers.eventTime()
    case 'processingTime':
      return triggers.processingTime()
    case 'count':
      return triggers.count(count)
    case 'continuousEventTime':
      return triggers.continuousEventTime(interval)
    case 'continuousProcessingTime':
      return triggers.continuousProcessingTime(interval)
    case 'delta':
      return triggers.delta(threshold, deltaFunction(config.deltaFn))
    case 'purging':
      return triggers.purging(triggerOf(innerOf(kind, inner)))
    case 'processingTimeout':
    case 'processingTimeTimeout':
    case 'timeout':
      return triggers.processingTimeTimeout(
        triggerOf(innerOf(kind, inner)),
        config.timeout ?? interval,
        {
          resetOnNewRecord: config.resetTimerOnNewRecord ?? false,
          clearOnTimeout: config.shouldClearOnTimeout ?? true,
        },
      )
    case 'never':
      return triggers.never()
    default:
      throw new NotUnderstood(`the trigger '${kind}'`)
  }
}

function innerOf(kind: string, inner: TriggerConfig | undefined): TriggerConfig {
  if (inner === undefined) throw new NotUnderstood(`the trigger '${kind}' without an inner one`)
  return inner
}

/** Makes the evictor. Throws NotUnderstood. */
export function evictorOf(config: EvictorConfig): Evictor<Pair> {
  const { kind, maxCount = Number.NaN, windowSize = Number.NaN, threshold = Number.NaN } = config
  refuseCustom(config)
  const options = { when: config.doEvictAfter === true ? 'after' : 'before' } as const
  switch (kind) {
    case 'count':
      return evictors.count(maxCount, options)
    case 'time':
      return evictors.time(windowSize, options)
    case 'delta':
      return evictors.delta<Pair>(threshold, deltaFunction(config.deltaFn), options)
    default:
      throw new NotUnderstood(`the evictor '${kind}'`)
  }
}

/** The difference of two records' values, the newer minus the older: the only delta function of Flink's tests. */
function deltaFunction(text: string | undefined): (older: Pair, newer: Pair) => number {
  const code = text?.replaceAll(/\s/g, '') ?? 'newDataPoint.f1-oldDataPoint.f1'
  if (/newDataPoint\.f1-oldDataPoint\.f1|new(value)?\[1\]-old(value)?\[1\]/.test(code))
    return (older, newer) => newer[1] - older[1]
  throw new NotUnderstood(`the delta function '${text}'`)
}

function refuseCustom({ custom }: { readonly custom?: string }): void {
  if (custom !== undefined) throw new NotUnderstood(custom)
}
