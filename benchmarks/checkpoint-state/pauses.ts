/**
 * Measures the longest time from one batch of records to the next on this thread, as its slot would be held up: whatever it is spent on. Between two
 * batches the event loop has its turn, as in the loop of a slot.
 */
import { openSync, readSync, closeSync, existsSync } from 'node:fs'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Pauses in milliseconds. */
export interface Pauses {
  readonly longest: number
  /** Without what major garbage collections took in one piece. */
  readonly withoutMajorCollections: number
  /** The longest by the processor time of this thread, so that other processes do not count; in steps of up to 4 ms. Undefined: not on Linux. */
  readonly longestBusy: number | undefined
  /** Major garbage collections that ended meanwhile. */
  readonly majorCollections: number
  readonly batches: number
}

/** Collects all garbage, so that no collection that was due before falls into what is measured next. Needs `--expose-gc`. */
export async function settleHeap(): Promise<void> {
  globalThis.gc?.()
  for (let i = 0; i < 10; i++) await nextTurn()
}

/** Calls `batch` after each `other`, for as long as that says that there is more to do. */
export async function pausesOf(batch: () => void, other: () => boolean): Promise<Pauses> {
  const collections: { readonly startTime: number; readonly duration: number }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as { readonly detail: { readonly kind: number } }
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections.push(entry)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const processor = processorTime()
  const times = [performance.now()]
  let busy = processor?.read() ?? 0
  let longestBusy = 0
  for (let more = true; more;) {
    more = other()
    batch()
    await nextTurn()
    times.push(performance.now())
    const before = busy
    busy = processor?.read() ?? 0
    longestBusy = Math.max(longestBusy, busy - before)
  }
  for (let i = 0; i < 10; i++) await nextTurn()
  observer.disconnect()
  processor?.close()
  let longest = 0
  let withoutMajorCollections = 0
  for (let i = 1; i < times.length; i++) {
    const [begin, end] = [times[i - 1] as number, times[i] as number]
    let collecting = 0
    for (const { startTime, duration } of collections)
      if (startTime >= begin && startTime < end) collecting += duration
    longest = Math.max(longest, end - begin)
    withoutMajorCollections = Math.max(withoutMajorCollections, end - begin - collecting)
  }
  return {
    longest,
    withoutMajorCollections,
    longestBusy: processor === undefined ? undefined : longestBusy,
    majorCollections: collections.length,
    batches: times.length - 1,
  }
}

/** The processor time of the main thread in milliseconds: Linux only. */
function processorTime(): { read(): number; close(): void } | undefined {
  const path = `/proc/self/task/${process.pid}/schedstat`
  if (!existsSync(path)) return undefined
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(64)
  return {
    read: () => {
      const length = readSync(file, bytes, 0, bytes.length, 0)
      return Number.parseInt(bytes.latin1Slice(0, length), 10) / 1e6
    },
    close: () => {
      closeSync(file)
    },
  }
}
