/**
 * The language in which the cases describe windows, turned into what this library has.
 *
 * Some special assigners are described in words or in Java; what cannot be read is reported by `notUnderstood`.
 */
import { evictors, globalWindow, session, sliding, triggers, tumbling } from '../../api/index.ts'
import type { Evictor, Trigger, TriggerContext, WindowAssigner } from '../../api/index.ts'

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
/** Times so near to the ends are moved. */
const NEAR = 2n ** 52n

/**
 * Turns the time of a case into ours. A double is not exact near the ends of the 64-bit range, where some cases look for overflow: all such
 * times are moved by the same multiple of `period`, so that they lie in windows, and apart, as before.
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
  if (exact < LARGEST - NEAR && exact > NEAR - LARGEST) return Number(exact)
  const step = BigInt(period)
  const move = (LARGEST / step - 1_000_000n) * step
  return Number(exact > 0n ? exact - move : exact + move)
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

/** Makes the trigger, for windows that are kept for `lateness`. Throws NotUnderstood. */
export function triggerOf(config: TriggerConfig, lateness: number): Trigger<Pair, never> {
  return someTrigger(config, lateness) as Trigger<Pair, never>
}

function someTrigger(config: TriggerConfig, lateness: number): unknown {
  const { inner, count = Number.NaN, threshold = Number.NaN } = config
  const interval = config.interval ?? config.intervalMs ?? config.every ?? Number.NaN
  const kind = shortName(config.kind)
  if (/accum|gc/i.test(kind) || config.custom !== undefined) return atCleanUp(config, lateness)
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
      return triggers.purging(triggerOf(innerOf(kind, inner), lateness))
    case 'processingTimeout':
    case 'processingTimeTimeout':
    case 'timeout':
      return triggers.processingTimeTimeout(
        triggerOf(innerOf(kind, inner), lateness),
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

/** `count` and `CountTrigger` are the same. */
function shortName(kind: string): string {
  const name = kind.replace(/Trigger$|Evictor$/, '')
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}

/**
 * The trigger of Flink's test of windows that are forgotten while they are empty (EventTimeTriggerAccumGC): it fires and purges at the end of
 * the window, and again when the window is forgotten.
 */
function atCleanUp({ kind, custom = '' }: TriggerConfig, lateness: number): Trigger {
  const text = `${kind} ${custom}`
  if (!/accum|gc\b|clean.?up|garbage|lateness/i.test(text))
    throw new NotUnderstood(`the trigger '${text}'`)
  const lastOf = ({ window }: TriggerContext): number => window.end - 1
  return {
    name: 'end and clean-up',
    onElement: (_value, _timestamp, context) => {
      if (lastOf(context) <= context.currentWatermark) return 'fire'
      context.registerEventTime(lastOf(context))
      return 'continue'
    },
    onEventTime: (time, context) => {
      const last = lastOf(context)
      return time === last || time === last + lateness ? 'fireAndPurge' : 'continue'
    },
    onProcessingTime: () => 'continue',
    onMerge: (context) => {
      context.registerEventTime(lastOf(context))
    },
    clear: (context) => {
      context.deleteEventTime(lastOf(context))
    },
  }
}

function innerOf(kind: string, inner: TriggerConfig | undefined): TriggerConfig {
  if (inner === undefined) throw new NotUnderstood(`the trigger '${kind}' without an inner one`)
  return inner
}

/** Makes the evictor. Throws NotUnderstood. */
export function evictorOf(config: EvictorConfig): Evictor<Pair> {
  const { maxCount = Number.NaN, windowSize = Number.NaN, threshold = Number.NaN } = config
  const kind = shortName(config.kind)
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
