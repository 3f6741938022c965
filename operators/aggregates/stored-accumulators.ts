/**
 * Where accumulators lie in the snapshots of the operators that keep them, by the kind of their parts: so that they can be read by a job whose aggregate has
 * other parts by now. Pure, any thread.
 */
import { accumulatorUpgrade, layoutOf } from '../../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { DamagedFieldsError } from '../../checkpoint/state/entry-form.ts'
import type { Upgrade } from '../../checkpoint/state/entry-form.ts'
import type { PayloadLayout, PayloadLayouts } from '../../checkpoint/state/payload-layout.ts'

/** Makes a payload with other accumulators. */
type Replace = (payload: unknown, upgrade: Upgrade) => unknown

const REPLACE: ReadonlyMap<string, Replace> = new Map<string, Replace>([
  ['rolling aggregate', (payload, upgrade) => replaceAt(payload, 0, upgrade)],
  // Start, end, accumulator.
  ['windows', (payload, upgrade) => replaceAt(payload, 2, upgrade)],
  // Start, end, whether it is filled, accumulator, and what the trigger remembers. Also those of sessions.
  [
    'windows of accumulators',
    (payload, upgrade) => (asArray(payload)[2] === true ? replaceAt(payload, 3, upgrade) : payload),
  ],
  ['slices', replaceInSlices],
])

/** The layouts of what operators keep of an aggregate. */
export function accumulatorLayouts(
  aggregate: AggregateFunction<never, unknown, unknown>,
): PayloadLayouts {
  return (kind) => {
    const replace = REPLACE.get(kind)
    return replace === undefined ? undefined : payloadLayout(aggregate, replace)
  }
}

function payloadLayout(
  aggregate: AggregateFunction<never, unknown, unknown>,
  replace: Replace,
): PayloadLayout {
  return {
    stored: layoutOf(aggregate),
    upgradeFrom: (stored) => {
      const upgrade = accumulatorUpgrade(aggregate, stored)
      return upgrade === undefined ? undefined : (payload) => replace(payload, upgrade)
    },
  }
}

/** A slice that no window has taken in, `[start, accumulator]`, or the queue of a key, of which the front's have an accumulator there too. */
function replaceInSlices(payload: unknown, upgrade: Upgrade): unknown {
  const slices = asFields(payload)
  if ('open' in slices) return { ...slices, open: replaceAt(slices['open'], 1, upgrade) }
  const taken = asFields(slices['taken'])
  const all = (list: unknown): unknown[] =>
    asArray(list).map((slice) => replaceAt(slice, 1, upgrade))
  return { ...slices, taken: { ...taken, front: all(taken['front']), back: all(taken['back']) } }
}

function replaceAt(list: unknown, index: number, upgrade: Upgrade): unknown[] {
  const values = asArray(list)
  return values.map((value, i) => (i === index ? upgrade(value) : value))
}

function asFields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  throw new DamagedFieldsError('slices of a key')
}

function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new DamagedFieldsError('an array with an accumulator')
}
