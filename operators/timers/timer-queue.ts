/**
 * Timers in the order of their times; those of one time in the order in which they were registered.
 *
 * A hash table of times, open addressing in typed arrays, says which timers a time has: most have one, which stands in the
 * table itself; several share a bucket. `TimeOrder` knows the order of the times. One that has lost its timers stays there
 * until it comes up, or until such times are the majority.
 *
 * What was tried and is slower: a Map of times, whose keys are boxed doubles, by two thirds; a heap of times, by a quarter. A heap of
 * timers that knows no duplicates would grow with every record that registers the timer of its window again.
 * The promises are those of Flink's InternalTimerServiceImpl, whose queue leaves the order of equal times open.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { TimeOrder } from './time-order.ts'
import { TimerBucket } from './timer-bucket.ts'

/** Power of two. */
const SMALLEST_TABLE = 64
/** So many times without timers may stay in the order anyway. */
const FEW_STALE = 64

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** 32 well mixed bits, the upper ones best, of a time that is not -0. */
function hashOf(time: number): number {
  double[0] = time
  let hash = Math.imul(words[0] as number, 0x85ebca6b) ^ (words[1] as number)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return Math.imul(hash ^ (hash >>> 13), 0x9e3779b1)
}

type Cell<N extends Namespace | undefined> = CanonicalKey | TimerBucket<N> | N

/** Timers as they were, in any order. `rank` counts those of one time, from 0. */
export type TimersCopy<N extends Namespace | undefined> = Iterable<
  readonly [time: number, key: CanonicalKey, namespace: N, rank: number]
>

/** At most one timer per time, key and namespace. Times are numbers other than NaN. */
export class TimerQueue<N extends Namespace | undefined = undefined> {
  /** The timer that `take` took. */
  time = 0
  key: CanonicalKey = null
  namespace: N
  /** The hash table: NaN where a slot is free. */
  #times = new Float64Array(SMALLEST_TABLE).fill(Number.NaN)
  /** Per slot the key of its timer, or a bucket; with namespaces, the timer's namespace follows, in the same line of the cache. */
  #cells: Cell<N>[]
  /** 1 with namespaces, else 0: slot << stride is the index of its cells. */
  readonly #stride: number
  #mask = SMALLEST_TABLE - 1
  /** Shifts a hash to a slot. */
  #shift = 32 - Math.log2(SMALLEST_TABLE)
  /** Number of times that have timers. */
  #used = 0
  #size = 0
  readonly #order = new TimeOrder()
  /** The slot of the timer that `isDue` found. */
  #due = 0

  /** `namespaced`: whether `N` is without undefined. */
  constructor(namespaced: undefined extends N ? false : true) {
    this.namespace = undefined as N
    this.#stride = namespaced ? 1 : 0
    this.#cells = new Array<Cell<N>>(SMALLEST_TABLE << this.#stride).fill(null)
  }

  /** Number of timers. */
  get size(): number {
    return this.#size
  }

  /** The time of the first timer; undefined without any. */
  get earliest(): number | undefined {
    return this.isDue(Number.POSITIVE_INFINITY) ? this.#order.first : undefined
  }

  /** Adds a timer; false when it is there already. */
  register(time: number, key: CanonicalKey, namespace: N): boolean {
    const times = this.#times
    // Turns -0 into 0.
    const normal = time + 0
    let slot = hashOf(normal) >>> this.#shift
    for (; ; slot = (slot + 1) & this.#mask) {
      const at = times[slot] as number
      if (at === normal) return this.#addTo(slot, key, namespace)
      if (at !== at) break
    }
    times[slot] = normal
    this.#put(slot, detachKey(key), namespace)
    this.#order.add(normal)
    this.#size++
    this.#used++
    if (this.#used * 2 > times.length) this.#resize(times.length * 2)
    return true
  }

  /** Takes a timer back; false when there is none. */
  delete(time: number, key: CanonicalKey, namespace: N): boolean {
    const slot = this.#find(time + 0)
    if (slot < 0) return false
    const entry = this.#entryAt(slot)
    if (entry instanceof TimerBucket) {
      if (!entry.delete(key, namespace)) return false
      if (entry.size === 0) this.#free(slot)
    } else {
      if (entry !== key || this.#namespaceAt(slot) !== namespace) return false
      this.#free(slot)
    }
    this.#size--
    if (this.#order.size > this.#used * 2 + FEW_STALE) this.#order.refill(this.#times, this.#used)
    return true
  }

  /** Whether there is a timer whose time is at most `limit`. */
  isDue(limit: number): boolean {
    for (let time = this.#order.first; time <= limit; time = this.#order.first) {
      this.#due = this.#find(time)
      if (this.#due >= 0) return true
      this.#order.removeFirst()
    }
    return false
  }

  /** Takes the first timer out, into `time`, `key` and `namespace`. Only right after `isDue` has said true. */
  take(): void {
    const slot = this.#due
    const entry = this.#entryAt(slot)
    this.time = this.#times[slot] as number
    this.#size--
    if (entry instanceof TimerBucket) {
      entry.take(this)
      if (entry.size > 0) return
    } else {
      this.key = entry
      this.namespace = this.#namespaceAt(slot)
    }
    this.#order.removeFirst()
    this.#free(slot)
  }

  /** Visits all timers in the order in which they would fire. `rank` counts those of one time, from 0. */
  forEach(visit: (time: number, key: CanonicalKey, namespace: N, rank: number) => void): void {
    for (const time of this.#times.filter((each) => each === each).sort()) {
      const slot = this.#find(time)
      const entry = this.#entryAt(slot)
      if (entry instanceof TimerBucket) {
        let rank = 0
        entry.forEach((key, namespace) => {
          visit(time, key, namespace, rank++)
        })
      } else visit(time, entry, this.#namespaceAt(slot), 0)
    }
  }

  /** All timers as they are now, whatever happens to them afterwards. */
  copy(): TimersCopy<N> {
    const times = this.#times.slice()
    const cells: (Cell<N> | BucketCopy<N>)[] = this.#cells.slice()
    const stride = this.#stride
    for (let slot = 0; slot < times.length; slot++) {
      const cell = cells[slot << stride]
      if (cell instanceof TimerBucket) cells[slot << stride] = new BucketCopy(cell)
    }
    return timersIn(times, cells, stride)
  }

  #addTo(slot: number, key: CanonicalKey, namespace: N): boolean {
    let entry = this.#entryAt(slot)
    if (!(entry instanceof TimerBucket)) {
      const other = this.#namespaceAt(slot)
      if (entry === key && other === namespace) return false
      entry = new TimerBucket(entry, other)
      this.#put(slot, entry, undefined as N)
    }
    if (!entry.add(key, namespace)) return false
    this.#size++
    return true
  }

  /** The slot of a time; -1 when it has no timers. */
  #find(time: number): number {
    const times = this.#times
    for (let slot = hashOf(time) >>> this.#shift; ; slot = (slot + 1) & this.#mask) {
      const at = times[slot] as number
      if (at === time) return slot
      if (at !== at) return -1
    }
  }

  /** Frees a slot, and moves up what stands behind it only because it was taken. */
  #free(slot: number): void {
    const [times, mask] = [this.#times, this.#mask]
    let hole = slot
    for (let next = (hole + 1) & mask; ; next = (next + 1) & mask) {
      const time = times[next] as number
      if (time !== time) break
      const wanted = hashOf(time) >>> this.#shift
      if (((next - wanted) & mask) < ((next - hole) & mask)) continue
      times[hole] = time
      this.#put(hole, this.#entryAt(next), this.#namespaceAt(next))
      hole = next
    }
    times[hole] = Number.NaN
    this.#put(hole, null, undefined as N)
    if (--this.#used * 16 < times.length && times.length > SMALLEST_TABLE) {
      this.#resize(times.length / 4)
    }
  }

  #entryAt(slot: number): CanonicalKey | TimerBucket<N> {
    return this.#cells[slot << this.#stride] as CanonicalKey | TimerBucket<N>
  }

  #namespaceAt(slot: number): N {
    return (this.#stride === 0 ? undefined : this.#cells[slot * 2 + 1]) as N
  }

  #put(slot: number, entry: CanonicalKey | TimerBucket<N>, namespace: N): void {
    this.#cells[slot << this.#stride] = entry
    if (this.#stride !== 0) this.#cells[slot * 2 + 1] = namespace
  }

  #resize(capacity: number): void {
    const [oldTimes, oldCells, stride] = [this.#times, this.#cells, this.#stride]
    const times = new Float64Array(capacity).fill(Number.NaN)
    const cells = new Array<Cell<N>>(capacity << stride).fill(null)
    const [mask, shift] = [capacity - 1, 32 - Math.log2(capacity)]
    for (let from = 0; from < oldTimes.length; from++) {
      const time = oldTimes[from] as number
      if (time !== time) continue
      let slot = hashOf(time) >>> shift
      for (let at = times[slot] as number; at === at; at = times[slot] as number) {
        slot = (slot + 1) & mask
      }
      times[slot] = time
      cells[slot << stride] = oldCells[from << stride] as Cell<N>
      if (stride !== 0) cells[slot * 2 + 1] = oldCells[from * 2 + 1] as Cell<N>
    }
    this.#times = times
    this.#cells = cells
    this.#mask = mask
    this.#shift = shift
  }
}

/** The timers of a bucket, copied. */
class BucketCopy<N extends Namespace | undefined> {
  readonly keys: CanonicalKey[] = []
  readonly namespaces: N[] = []

  constructor(bucket: TimerBucket<N>) {
    bucket.forEach((key, namespace) => {
      this.keys.push(key)
      this.namespaces.push(namespace)
    })
  }
}

function* timersIn<N extends Namespace | undefined>(
  times: Float64Array,
  cells: readonly (Cell<N> | BucketCopy<N>)[],
  stride: number,
): Generator<readonly [number, CanonicalKey, N, number], void> {
  for (let slot = 0; slot < times.length; slot++) {
    const time = times[slot] as number
    if (time !== time) continue
    const cell = cells[slot << stride]
    if (cell instanceof BucketCopy) {
      const { keys, namespaces } = cell
      for (let rank = 0; rank < keys.length; rank++)
        yield [time, keys[rank] as CanonicalKey, namespaces[rank] as N, rank]
    } else {
      const namespace = (stride === 0 ? undefined : cells[slot * 2 + 1]) as N
      yield [time, cell as CanonicalKey, namespace, 0]
    }
  }
}
