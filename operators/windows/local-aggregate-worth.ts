/**
 * Whether the first phase of a windowed aggregate is worth its work: whether its accumulators are compact, as far as nobody has said so, and of how many records
 * they are (`local-aggregate`). While they are not, records are let through. Used by one thread.
 */
import type { CompactTrial } from './compact.ts'
import type { LocalAggregateLimits } from './local-aggregate-limits.ts'

/** See the head of this file. */
export class LocalAggregateWorth<In> {
  readonly #limits: LocalAggregateLimits
  /** While it is not known whether accumulators are compact. */
  #trial: CompactTrial<In> | undefined
  /** Records that are still to be let through; -1: all. */
  #passing = 0
  #passNext: number
  #entries = 0
  #records = 0
  #values = 0

  /** `trial`: undefined where accumulators are known to be compact. */
  constructor(limits: LocalAggregateLimits, trial: CompactTrial<In> | undefined) {
    this.#limits = limits
    this.#trial = trial
    this.#passNext = limits.MIN_PASSED
  }

  /** Whether the next record is let through. */
  get isPassing(): boolean {
    return this.#passing !== 0 || this.#trial !== undefined
  }

  /** To be called for a record that was. True: what is known has changed. */
  notePassed(value: In): boolean {
    if (this.#passing > 0) return --this.#passing === 0
    const compact = this.#trial?.add(value)
    if (compact === undefined) return false
    this.#trial = undefined
    if (!compact) this.#passing = -1
    return true
  }

  /** So many accumulators were sent, of so many records, with so many values in those that grow. */
  noteSent(entries: number, records: number, values: number): void {
    this.#entries += entries
    this.#records += records
    this.#values += values
  }

  /** Looks at what was sent since the last time, when that is enough to tell. True: it was not worth it, and what comes now is let through for a while. */
  judge(): boolean {
    const { SAMPLE_RECORDS, WORTH_RECORDS, VALUE_COST, MIN_PASSED, MAX_PASSED } = this.#limits
    if (this.#records < SAMPLE_RECORDS) return false
    const least = WORTH_RECORDS * (this.#entries + VALUE_COST * this.#values)
    const isWorthIt = this.#records >= least
    this.#records = 0
    this.#entries = 0
    this.#values = 0
    if (isWorthIt) {
      this.#passNext = MIN_PASSED
      return false
    }
    this.#passing = this.#passNext
    this.#passNext = Math.min(2 * this.#passNext, MAX_PASSED)
    return true
  }
}
