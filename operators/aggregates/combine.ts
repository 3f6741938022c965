/**
 * Several aggregates over the same records at once.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import {
  partField,
  partsOf as combinedParts,
  withParts,
} from '../../checkpoint/accumulator-layout.ts'
import { asyncMember } from '../../checkpoint/async-functions.ts'
import { evaluate, uniqueComment } from '../chain/own-code.ts'
import { fieldsOf, withFields } from './accumulator-fields.ts'

/** One accumulator per part: `p0`, `p1` … in the order of the parts. Snapshots say which part that is. */
export type CombinedAccumulator = Record<string, unknown>

/** Any aggregate over `In` records, for each field of `Results` one that yields it. */
export type AggregateParts<In, Results> = {
  readonly [Field in keyof Results]: AggregateFunction<In, unknown, Results[Field]>
}

/** The same by any name: from the parts themselves the compiler infers what they yield, from these what they take. */
type PartsOver<In> = Readonly<Record<string, AggregateFunction<In, unknown, unknown>>>

/** The same by the names of an interface. */
type AnyParts<Parts> = {
  readonly [Field in keyof Parts]: AggregateFunction<never, unknown, unknown>
}

/** What all parts can take. */
type RecordOf<Parts> =
  Parts[keyof Parts] extends AggregateFunction<infer In, infer _Acc, infer _Out> ? In : never

/**
 * Computes every part and yields an object with the same fields. Its code is generated for these parts, so that
 * they are inlined side by side.
 *
 * State knows parts by their names. A job that goes on from a savepoint may have got more of them, which begin empty in open windows, may have lost some, and have
 * them in another order. A part of another kind than before (`count`, `sum` or `mean`, `min`, `max`, `topN`, `countDistinct`, `combine`, the user's own) is refused
 * (`INCOMPATIBLE_STATE`); what a selector selects, or what the user's own keeps, nobody but the user can tell.
 *
 * Errors: `INVALID_COMBINE` for no parts or a part that is not an aggregate.
 *
 * @example combine({ flights: count(), meanDelay: mean((flight: Flight) => flight.delay) })
 */
export function combine<In, Results extends object>(
  parts: AggregateParts<In, Results> & PartsOver<In>,
): AggregateFunction<In, CombinedAccumulator, Results>
/** The same for parts that an interface declares, which has no names but its own. */
export function combine<Parts extends AnyParts<Parts>>(
  parts: Parts,
): AggregateFunction<
  RecordOf<Parts>,
  CombinedAccumulator,
  // Spelled out: whoever exports the result could not name it.
  {
    [Field in keyof Parts]: Parts[Field] extends AggregateFunction<infer _In, infer _Acc, infer Out>
      ? Out
      : never
  }
>
export function combine<In, Results extends object>(
  parts: AggregateParts<In, Results>,
): AggregateFunction<In, CombinedAccumulator, Results> {
  const fields = Object.keys(parts)
  const functions = Object.values<AggregateFunction<In, unknown, unknown>>(parts)
  if (fields.length === 0)
    throw new MillraceError('INVALID_COMBINE', 'combine expects at least one part, got none')
  functions.forEach(
    (part: Partial<AggregateFunction<In, unknown, unknown>> | null | undefined, i) => {
      const field = fields[i] ?? ''
      if (typeof part?.add !== 'function')
        throw new MillraceError(
          'INVALID_COMBINE',
          `combine expects an aggregate function in '${field}'`,
        )
      const name = asyncMember(part)
      if (name === undefined) return
      throw new MillraceError(
        'INVALID_COMBINE',
        `combine: ${name}() of the aggregate in '${field}' must not be async, for nobody waits for it`,
      )
    },
  )
  const growing = functions.flatMap((part, i) => (typeof part.size === 'function' ? [i] : []))
  const create = evaluate<(parts: unknown) => AggregateFunction<In, CombinedAccumulator, Results>>(
    ['parts'],
    writeSource(fields, growing),
  )
  const combined = create(functions)
  const inside = functions.map((part, i) => [partField(i), fieldsOf(part) ?? 'value'] as const)
  const aggregate = { ...combined, compact: areCompact(functions) }
  withParts(aggregate, { names: fields, aggregates: functions })
  return withFields(aggregate, Object.fromEntries(inside))
}

/** What an aggregate was combined of; undefined: it is no combination. */
export function partsOf(
  aggregate: AggregateFunction<never, unknown, unknown>,
): readonly AggregateFunction<never, unknown, unknown>[] | undefined {
  return combinedParts(aggregate)?.aggregates
}

/** Undefined where some part does not say. */
function areCompact(
  parts: readonly AggregateFunction<never, unknown, unknown>[],
): boolean | undefined {
  if (parts.some(({ compact }) => compact === false)) return false
  return parts.every(({ compact }) => compact === true) ? true : undefined
}

/** `growing`: the numbers of the parts whose accumulators have a size. */
function writeSource(fields: readonly string[], growing: readonly number[]): string {
  const each = (line: (i: number) => string, separator: string): string =>
    fields.map((_, i) => line(i)).join(separator)
  // In brackets, because a plain "__proto__" in a literal would set the prototype.
  const result = fields
    .map((field, i) => `[${JSON.stringify(field)}]: a${i}.getResult(accumulator.p${i})`)
    .join(',\n')
  const update = (i: number, call: string): string => `const n${i} = ${call}
if (!Object.is(n${i}, accumulator.p${i})) accumulator.p${i} = n${i}`
  const sizes = growing.map((i) => `a${i}.size(accumulator.p${i})`).join(' + ')
  return `${uniqueComment()} 'use strict'
const ${each((i) => `a${i} = parts[${i}]`, ', ')}
return {
createAccumulator() { return { ${each((i) => `p${i}: a${i}.createAccumulator()`, ', ')} } },
add(accumulator, value) {
${each((i) => update(i, `a${i}.add(accumulator.p${i}, value)`), '\n')}
return accumulator
},
getResult(accumulator) { return { ${result} } },
merge(accumulator, other) {
${each((i) => update(i, `a${i}.merge(accumulator.p${i}, other.p${i})`), '\n')}
return accumulator
}${sizes === '' ? '' : `,\nsize: (accumulator) => ${sizes}`}
}`
}
