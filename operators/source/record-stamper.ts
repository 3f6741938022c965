/**
 * Gives the records of a source their event times, a batch at a time.
 */
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { BadRecordHandler } from '../bad-records.ts'
import { badTimestamp } from '../chain/chain-code.ts'
import { checkTimestamps } from '../connector-checks.ts'
import { operatorError } from '../operator-error.ts'

/** Who stamps. */
export interface StamperOptions {
  readonly operatorName: string
  readonly subtaskIndex: number
  /** Event time of a record; undefined: the reader says, or there is none. */
  readonly timestamp: ((value: never) => number) | undefined
  /** Takes the records without a valid time, which are left out; undefined where the first one fails the job. */
  readonly badRecords: BadRecordHandler | undefined
}

/** The timestamps of one batch after the other. */
export class RecordStamper {
  /** Those of the last batch; used again for the next. */
  timestamps: Float64Array
  readonly #options: StamperOptions

  constructor(capacity: number, options: StamperOptions) {
    this.timestamps = new Float64Array(capacity)
    this.#options = options
  }

  /**
   * Fills `timestamps` for a batch and returns the records that have one: the batch itself unless bad ones had to be left out.
   * Errors: `OperatorError` (`BAD_TIMESTAMP`, or what the user's function throws), `INVALID_SOURCE` for `known` times that are too few.
   */
  stamp(values: readonly unknown[], known: Float64Array | undefined): readonly unknown[] {
    const { length } = values
    if (length > this.timestamps.length) this.timestamps = new Float64Array(length)
    const { timestamp } = this.#options
    if (timestamp !== undefined) return this.#ask(timestamp, values)
    if (known === undefined) this.timestamps.fill(MIN_TIMESTAMP, 0, length)
    else this.#copy(known, length)
    return values
  }

  /** One by one: `set` would need a view of the first ones, which costs more where batches are small. */
  #copy(known: Float64Array, length: number): void {
    checkTimestamps(known, length)
    const { timestamps } = this
    for (let i = 0; i < length; i++) timestamps[i] = known[i] as number
  }

  #ask(timestamp: (value: never) => number, values: readonly unknown[]): readonly unknown[] {
    const first = this.#fill(timestamp, values, 0)
    if (first === values.length) return values
    return this.#withoutBad(timestamp, values, first)
  }

  /** Stamps records from `from` on; returns the index of the first bad one, which has been reported, or the number of records. */
  #fill(timestamp: (value: never) => number, values: readonly unknown[], from: number): number {
    const { timestamps } = this
    const { length } = values
    let i = from
    try {
      for (; i < length; i++) {
        const time = timestamp(values[i] as never)
        // Null, a text or a date would become a number without a word.
        if (typeof time !== 'number' || time - time !== 0) badTimestamp(time)
        timestamps[i] = time
      }
    } catch (error) {
      this.#report(values[i], error)
    }
    return i
  }

  /** Rare: closes the gaps that bad records leave. */
  #withoutBad(
    timestamp: (value: never) => number,
    values: readonly unknown[],
    firstBad: number,
  ): readonly unknown[] {
    const { timestamps } = this
    const kept = values.slice(0, firstBad)
    for (let from = firstBad + 1; from < values.length;) {
      const bad = this.#fill(timestamp, values, from)
      timestamps.copyWithin(kept.length, from, bad)
      for (let i = from; i < bad; i++) kept.push(values[i])
      from = bad + 1
    }
    return kept
  }

  #report(value: unknown, error: unknown): void {
    const { badRecords, operatorName, subtaskIndex } = this.#options
    if (badRecords === undefined) {
      throw operatorError({ operatorName, subtaskIndex, record: { value } }, error)
    }
    badRecords(value, MIN_TIMESTAMP, error)
  }
}
