/**
 * What accumulators are made of: of which kind, and of which named parts where several aggregates are combined.
 *
 * Snapshots keep it, so that accumulators find the parts to which they belong by name when a job goes on with other ones. An aggregate of which nothing is noted is
 * the user's: what its accumulators are is for the user to keep. Pure, any thread.
 */
import type { AggregateFunction } from './aggregate-function.ts'
import { DamagedFieldsError } from './state/entry-form.ts'
import type { Upgrade } from './state/entry-form.ts'
import { LayoutMismatch } from './state/payload-layout.ts'

type AnyAggregate = AggregateFunction<never, unknown, unknown>

/**
 * The kind of accumulators, with a blank and a number behind it where they keep no more than that; or of a combination its parts in their order: a part's accumulator
 * is in `partField(i)`.
 */
export type AccumulatorLayout = string | readonly NamedLayout[]

type NamedLayout = readonly [name: string, layout: AccumulatorLayout]

/** The aggregates that were combined, in the order of their accumulators. */
export interface CombinedParts {
  readonly names: readonly string[]
  readonly aggregates: readonly AnyAggregate[]
}

/** The kind of what is not noted. */
const CUSTOM = 'custom'
/** What kinds are called in errors, where it is not their own name. */
const TITLES: ReadonlyMap<string, string> = new Map([
  ['sum', 'a sum or mean'],
  [CUSTOM, "an aggregate of the user's"],
])

const kinds = new WeakMap<object, string>()
const combined = new WeakMap<object, CombinedParts>()

/**
 * Notes of which kind the accumulators of an aggregate are, and returns it. Equal kinds can go on with each other's; the name, without blanks, is stored. `limit`:
 * so many values they keep at the most, and have dropped others; those that keep more cannot go on with them.
 */
export function withKind<A extends object>(aggregate: A, kind: string, limit?: number): A {
  kinds.set(aggregate, limit === undefined ? kind : `${kind} ${limit}`)
  return aggregate
}

/** Notes what an aggregate was combined of, and returns it. */
export function withParts<A extends object>(aggregate: A, parts: CombinedParts): A {
  combined.set(aggregate, parts)
  return aggregate
}

/** What an aggregate was combined of; undefined: it is no combination. */
export function partsOf(aggregate: AnyAggregate): CombinedParts | undefined {
  return combined.get(aggregate)
}

/** The field of a combined accumulator that is the accumulator of the part with this number. */
export function partField(part: number): string {
  return `p${part}`
}

/** What the accumulators of an aggregate are made of. */
export function layoutOf(aggregate: AnyAggregate): AccumulatorLayout {
  const parts = partsOf(aggregate)
  if (parts === undefined) return kinds.get(aggregate) ?? CUSTOM
  return parts.names.map((name, i) => [name, layoutOf(parts.aggregates[i] as AnyAggregate)])
}

/**
 * What makes accumulators of a stored layout into those of `aggregate`: parts that are gone are dropped, parts that are new begin empty. Undefined: nothing need be done.
 * Where the layout was not stored (undefined), what is returned looks whether each accumulator can be one of `aggregate`.
 * Errors: `LayoutMismatch` for other kinds, `DamagedFieldsError` for what is no layout.
 */
export function accumulatorUpgrade(
  aggregate: AnyAggregate,
  stored: unknown,
  path: readonly string[] = [],
): Upgrade | undefined {
  const parts = partsOf(aggregate)
  if (stored === undefined) return checkFields(aggregate)
  const layout = asLayout(stored)
  if (parts !== undefined && typeof layout !== 'string')
    return partsUpgrade(aggregate, layout, path)
  const present = layoutOf(aggregate)
  if (present === layout) return undefined
  const [had, has] = [limitOf(layout), limitOf(present)]
  const sameKind = kindOf(layout) === kindOf(present)
  // Snapshots of earlier states of this version do not say how many.
  if (sameKind && !(had !== undefined && has !== undefined && had < has)) return undefined
  const what = path.length === 0 ? 'its aggregate' : `part '${path.join('.')}' of combine`
  const remedy =
    path.length === 0
      ? 'give the operator another uid, or the state another name'
      : 'give the part another name'
  const change = sameKind
    ? `keeps ${has} records, but was stored with the best ${had} only: what it had dropped is gone`
    : `was stored as ${nameOf(layout)}, but is ${nameOf(present)}`
  throw new LayoutMismatch(`${what} ${change}; to begin it empty, ${remedy}`)
}

function kindOf(layout: AccumulatorLayout): string | undefined {
  return typeof layout === 'string' ? layout.split(' ')[0] : undefined
}

function limitOf(layout: AccumulatorLayout): number | undefined {
  const limit = typeof layout === 'string' ? layout.split(' ')[1] : undefined
  return limit === undefined ? undefined : Number(limit)
}

function partsUpgrade(
  aggregate: AnyAggregate,
  stored: readonly NamedLayout[],
  path: readonly string[],
): Upgrade | undefined {
  const { names, aggregates } = partsOf(aggregate) as CombinedParts
  const moves = names.flatMap((name, i) => {
    const from = stored.findIndex(([known]) => known === name)
    const found = stored[from]
    if (found === undefined) return []
    const part = aggregates[i] as AnyAggregate
    const upgrade = accumulatorUpgrade(part, found[1], [...path, name])
    return [{ from: partField(from), to: partField(i), upgrade }]
  })
  const stays = moves.every(({ from, to, upgrade }) => from === to && upgrade === undefined)
  if (stays && moves.length === names.length && stored.length === names.length) return undefined
  return (accumulator) => {
    const before = asFields(accumulator)
    const after = aggregate.createAccumulator() as Record<string, unknown>
    for (const { from, to, upgrade } of moves) {
      if (!Object.hasOwn(before, from)) throw new DamagedFieldsError(`'${from}' in an accumulator`)
      after[to] = upgrade === undefined ? before[from] : upgrade(before[from])
    }
    return after
  }
}

/** For accumulators of which nothing is known but their place. */
function checkFields(aggregate: AnyAggregate): Upgrade | undefined {
  if (layoutOf(aggregate) === CUSTOM) return undefined
  const empty = aggregate.createAccumulator()
  return (accumulator) => {
    if (fits(aggregate, accumulator, empty)) return accumulator
    throw new LayoutMismatch(
      `it was stored without the names of what is in it, and is not that of ${nameOf(layoutOf(aggregate))} as it is now`,
    )
  }
}

/** Whether an accumulator has the fields of an empty one. */
function fits(aggregate: AnyAggregate, accumulator: unknown, empty: unknown): boolean {
  if (layoutOf(aggregate) === CUSTOM) return true
  if (Array.isArray(empty)) return Array.isArray(accumulator)
  if (!isObject(accumulator) || !isObject(empty)) return false
  if (Object.keys(accumulator).some((name) => !Object.hasOwn(empty, name))) return false
  const parts = partsOf(aggregate)?.aggregates ?? []
  // What a user's own part has may be undefined, as long as it is there.
  const own = new Set(parts.flatMap((part, i) => (layoutOf(part) === CUSTOM ? [partField(i)] : [])))
  const lacks = (name: string): boolean =>
    own.has(name) ? !Object.hasOwn(accumulator, name) : accumulator[name] === undefined
  if (Object.keys(empty).some((name) => empty[name] !== undefined && lacks(name))) return false
  return parts.every((part, i) => fits(part, accumulator[partField(i)], empty[partField(i)]))
}

function nameOf(layout: AccumulatorLayout): string {
  const kind = kindOf(layout)
  return kind === undefined ? 'a combination' : (TITLES.get(kind) ?? `a ${kind}`)
}

function asFields(accumulator: unknown): Record<string, unknown> {
  if (isObject(accumulator)) return accumulator
  throw new DamagedFieldsError('an accumulator with parts')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function asLayout(stored: unknown): AccumulatorLayout {
  if (isLayout(stored)) return stored
  throw new DamagedFieldsError('a kind of accumulators, or names and kinds of parts')
}

function isLayout(stored: unknown): stored is AccumulatorLayout {
  if (typeof stored === 'string') return true
  return Array.isArray(stored) && stored.every(isNamedLayout)
}

function isNamedLayout(stored: unknown): stored is NamedLayout {
  return Array.isArray(stored) && typeof stored[0] === 'string' && isLayout(stored[1])
}
