/**
 * Accumulators in one level, for the way over an exchange, and what they become behind it. Compiled for one aggregate. Used by one thread.
 *
 * Each value has a name that says of which part it is, for flat accumulators may lie in the records in flight of a checkpoint, and be read by a job whose
 * `combine` has other parts by then, or the same in another order.
 */
import { partField, partsOf } from '../../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { evaluate, uniqueComment } from '../chain/own-code.ts'
import { fieldsOf } from './accumulator-fields.ts'
import type { AccumulatorFields } from './accumulator-fields.ts'

type AnyAggregate = AggregateFunction<never, unknown, unknown>

/** An accumulator in one level, and back. */
export interface Flattening {
  /** Makes an object with `head` first, then all values of the accumulator. */
  readonly flatten: (accumulator: unknown, records: number, key: unknown) => object
  /**
   * Makes the accumulator again of what `flatten` returned, perhaps in another thread: a new one, as `createAccumulator` would make it. Of an aggregate with other
   * parts it takes those that it knows; the others begin empty. Errors: `INCOMPATIBLE_STATE` for values without names that are not as many.
   */
  readonly restore: (flat: object) => unknown
}

/**
 * The names of the values of flat accumulators, counted as the fields of the accumulator are: the way through the parts and the field as a JSON pointer, e.g.
 * `/flights/count`; undefined: the fields are not known. No other field of a flat accumulator has such a name.
 */
export function flatNames(aggregate: AnyAggregate): readonly string[] | undefined {
  return fieldsOf(aggregate) === undefined ? undefined : namesByPart(aggregate, '').flat()
}

/** The names of the values of each part that has no parts itself. */
function namesByPart(aggregate: AnyAggregate, path: string): readonly (readonly string[])[] {
  const fields = fieldsOf(aggregate)
  if (fields === undefined) return [[path]]
  const parts = partsOf(aggregate)
  if (parts === undefined) return [Object.keys(fields).map((name) => pointer(path, name))]
  return parts.names.flatMap((name, i) =>
    namesByPart(parts.aggregates[i] as AnyAggregate, pointer(path, name)),
  )
}

function pointer(path: string, step: string): string {
  return `${path}/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Compiles both for an aggregate; undefined: its fields are not known. `head`: the names for the number of records and the key. */
export function compileFlattening(
  aggregate: AnyAggregate,
  [recordsName, keyName]: readonly [string, string],
): Flattening | undefined {
  const fields = fieldsOf(aggregate)
  if (fields === undefined) return undefined
  const byPart = namesByPart(aggregate, '')
  const names = byPart.flat()
  // Some values are undefined as a rule: only then is it asked whether the part is there.
  const firsts = byPart.map(([first = '']) => names.indexOf(first))
  const quoted = names.map((name) => JSON.stringify(name))
  const paths: string[] = []
  const accumulator = write(fields, '', paths)
  const values = quoted.map((name, i) => `${name}: a${paths[i]}`).join(', ')
  const reads = quoted.map((name, i) => `v${i} = flat[${name}]`).join(', ')
  const source = `${uniqueComment()} 'use strict'
return {
flatten: (a, records, key) => ({ ${JSON.stringify(recordsName)}: records, ${JSON.stringify(keyName)}: key, ${values} }),
restore: (flat) => {
const ${reads}
if (${firsts.map((i) => `(v${i} === undefined && !(${quoted[i]} in flat))`).join(' || ')}) return restoreOther(flat)
return ${accumulator}
}
}`
  return evaluate<(restoreOther: (flat: object) => unknown) => Flattening>(
    ['restoreOther'],
    source,
  )((flat) => restoreOther(aggregate, names, flat))
}

/** The source that makes an accumulator of `v0`, `v1` …; adds the way to each value. */
function write(fields: AccumulatorFields, path: string, paths: string[]): string {
  const parts = Object.entries(fields).map(([name, inside]) => {
    const at = `${path}[${JSON.stringify(name)}]`
    if (typeof inside === 'object') return `${JSON.stringify(name)}: ${write(inside, at, paths)}`
    return `${JSON.stringify(name)}: v${paths.push(at) - 1}`
  })
  return `{ ${parts.join(', ')} }`
}

/** The accumulator of a flat one in which the first value of a part is missing. */
function restoreOther(aggregate: AnyAggregate, names: readonly string[], flat: object): unknown {
  return take(aggregate, '', 'v0' in flat ? withNames(flat, names) : flat)
}

/** Before values had names of their own, they were called `v0`, `v1` … in their order. */
function withNames(flat: object, names: readonly string[]): object {
  const values = Object.entries(flat).filter(([name]) => /^v\d+$/.test(name))
  if (values.length === names.length)
    return Object.fromEntries(values.map(([, value], i) => [names[i], value]))
  throw new MillraceError(
    'INCOMPATIBLE_STATE',
    `a partial result in flight was stored with ${values.length} values that have no names, but the aggregate has ${names.length}: ` +
      'begin with a savepoint, or with the parts of combine as they were',
  )
}

function take(aggregate: AnyAggregate, path: string, flat: object): unknown {
  const values = flat as Readonly<Record<string, unknown>>
  const fields = fieldsOf(aggregate)
  if (fields === undefined) return path in flat ? values[path] : aggregate.createAccumulator()
  const parts = partsOf(aggregate)
  const accumulator = aggregate.createAccumulator() as Record<string, unknown>
  parts?.names.forEach((name, i) => {
    const part = parts.aggregates[i] as AnyAggregate
    accumulator[partField(i)] = take(part, pointer(path, name), flat)
  })
  if (parts !== undefined) return accumulator
  for (const name of Object.keys(fields)) {
    const at = pointer(path, name)
    if (at in flat) accumulator[name] = values[at]
  }
  return accumulator
}
