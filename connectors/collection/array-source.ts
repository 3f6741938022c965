/**
 * A source over values in memory: a split is a range of indexes.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Source, SplitReader } from '../../operators/source.ts'
import { indexRanges, type IndexRange, type RangeFacts } from '../files/index-ranges.ts'
import { listEnumerator, restoredList } from '../files/split-list.ts'

/**
 * Reads the values of an array, once each, in order within each split. There are as many splits as readers.
 *
 * Every thread has its own array: the module that makes it runs there too, and must make the same one.
 *
 * Position: the next index.
 *
 * Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * const numbers = arraySource([1, 2, 3])
 */
export function arraySource<const T>(values: readonly T[]): Source<T, IndexRange, number> {
  const list: unknown = values
  if (!Array.isArray(list)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `arraySource: expected an array, got ${typeof list}`,
    )
  }
  return {
    name: `array(${values.length})`,
    enumerate({ parallelism, restored }) {
      const progress = restoredList<RangeFacts>(restored, 'arraySource') ?? {
        kind: 'arraySource',
        facts: { count: values.length, parts: parallelism },
        given: 0,
      }
      const { count, parts } = progress.facts
      return listEnumerator(indexRanges(count, parts), { recordsExpected: count, progress })
    },
    open: ({ start, end }, { batchSize }, position = start) =>
      new ArrayReader(values, position, Math.min(end, values.length), batchSize),
  }
}

class ArrayReader<T> implements SplitReader<T, number> {
  readonly #values: readonly T[]
  readonly #end: number
  readonly #batchSize: number
  #next: number

  constructor(values: readonly T[], next: number, end: number, batchSize: number) {
    this.#values = values
    this.#next = next
    this.#end = end
    this.#batchSize = batchSize
  }

  get position(): number {
    return this.#next
  }

  read(): readonly T[] | undefined {
    const start = this.#next
    if (start >= this.#end) return undefined
    this.#next = Math.min(start + this.#batchSize, this.#end)
    return this.#values.slice(start, this.#next)
  }
}
