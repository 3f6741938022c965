/**
 * Accumulators that several windows take in: what `merge` gets as its second argument must then share nothing with the others.
 *
 * Many a `merge` keeps parts of it, as in `a[type] ??= b[type]`, and changes them later, as the first argument that they have become. So each window
 * gets a copy of its own. The aggregates that we have written keep nothing that they change. Pure functions, any thread.
 */
import { partField } from '../../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { fieldsOf } from './accumulator-fields.ts'
import { partsOf } from './combine.ts'

/** Makes of an accumulator one that can be the second argument of `merge` and be forgotten: whatever `merge` keeps of it belongs to nobody else. */
export type Unshare<Acc> = (accumulator: Acc) => Acc

/** How accumulators of an aggregate are to be handed to its `merge`; undefined: as they are. */
export function unshareFor<Acc>(
  aggregate: AggregateFunction<never, Acc, unknown>,
): Unshare<Acc> | undefined {
  const parts = partsOf(aggregate)
  if (parts !== undefined) return unshareParts(parts) as Unshare<Acc> | undefined
  return fieldsOf(aggregate) === undefined ? copyPlain : undefined
}

/** Only the parts of a combination that are not ours. */
function unshareParts(
  parts: readonly AggregateFunction<never, unknown, unknown>[],
): Unshare<Record<string, unknown>> | undefined {
  const foreign = parts.flatMap((part, i) => {
    const unshare = unshareFor(part)
    return unshare === undefined ? [] : [{ name: partField(i), unshare }]
  })
  if (foreign.length === 0) return undefined
  return (accumulator) => {
    const copy = { ...accumulator }
    for (const { name, unshare } of foreign) copy[name] = unshare(copy[name])
    return copy
  }
}

/**
 * A deep copy of plain objects, arrays, Maps, Sets, typed arrays and dates, in which the same object is the same again. Anything else, such as instances of
 * classes, and the keys of Maps and values of Sets, stays as it is: nobody knows how to copy it. Not `structuredClone`, which throws at some of that.
 */
export function copyPlain<T>(value: T): T {
  if (!isObject(value)) return value
  const root = copyOuter(value)
  if (root === value || isFlat(root)) return root
  const copies = new Map<object, object>([[value, root]])
  const copyOf = (inside: unknown): unknown => {
    if (!isObject(inside)) return inside
    let copy = copies.get(inside)
    if (copy === undefined) copies.set(inside, (copy = copyOuter(inside)))
    return copy
  }
  // Those that are added on the way are gone over too. No recursion: a list may be long.
  for (const [original, copy] of copies) if (copy !== original) copyInside(copy, copyOf)
  return root
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Whether there are no objects inside. */
function isFlat(value: object): boolean {
  return !(value instanceof Map) && !Object.values(value).some(isObject)
}

/** A copy with the same objects inside. */
function copyOuter<T extends object>(value: T): T
function copyOuter(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  switch (prototype) {
    case Object.prototype:
      return { ...value }
    case null:
      return Object.assign(Object.create(null) as object, value)
    case Array.prototype:
      return (value as unknown[]).slice()
    case Map.prototype:
      return new Map(value as Map<unknown, unknown>)
    case Set.prototype:
      return new Set(value as Set<unknown>)
    case Date.prototype:
      return new Date((value as Date).getTime())
    default:
      if (!ArrayBuffer.isView(value) || value instanceof DataView) return value
      // That of a Buffer would share its bytes.
      return Uint8Array.prototype.slice.call(value)
  }
}

/** Puts copies in the place of the objects inside. */
function copyInside(into: object, copyOf: (inside: unknown) => unknown): void {
  if (into instanceof Map) {
    for (const [key, inside] of into) if (isObject(inside)) into.set(key, copyOf(inside))
    return
  }
  if (into instanceof Set || ArrayBuffer.isView(into)) return
  const fields = into as Record<string, unknown>
  for (const name of Object.keys(fields)) {
    const inside = fields[name]
    if (isObject(inside)) fields[name] = copyOf(inside)
  }
}
