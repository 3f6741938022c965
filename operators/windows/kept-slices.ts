/**
 * What `slidingAggregate` keeps: the slices that no window has taken in yet, which are open, and per key those that one has taken in.
 *
 *      a record ──► open slice, by key ──► `take`: the slices of each key ──► firings: what they add up to ──► dropped
 *
 * As objects whatever the accumulators are (`object-slices`), or packed into typed arrays where they are totals of integers (`packed-slices`). What is
 * packed moves to objects, for good, when something comes that cannot be added and taken away again exactly. Used by one thread.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { KeepEntry, PartCut } from '../../checkpoint/state/state-backend.ts'
import type { Output } from '../operator.ts'
import type { SliceQueueContents } from './slice-queue.ts'

/** One entry of a snapshot: what a key has in an open slice, or its slices that a window has taken in. Plain data. */
export type SlicePayload<Acc> =
  | { readonly open: readonly [start: number, accumulator: Acc] }
  | { readonly taken: SliceQueueContents<Acc>; readonly firedEnd: number }

/** See the head of this file. Functions that return false have done their work, but what slices add up to is not exact: all must move before anything fires. */
export interface KeptSlices<In, Acc> {
  /** Opens the slice that starts at `start`, if it is not open; `add` and `merge` are for this one from now on. */
  enter(start: number): void
  /** Adds a record. */
  add(key: CanonicalKey, value: In): void
  /** Adds what some records have been added up to. */
  merge(key: CanonicalKey, accumulator: Acc): void
  /** Adds a record to the slice that starts at `start`, which was taken in. */
  addLate(key: CanonicalKey, start: number, value: In): boolean
  /** The same for what some records have been added up to. */
  mergeLate(key: CanonicalKey, start: number, accumulator: Acc): boolean
  /** Start of the oldest open slice; undefined: there is none. */
  firstOpen(): number | undefined
  /** Whether a slice of any key was taken in, and not dropped. */
  hasTaken(): boolean
  /** The least `firedEnd` of the keys that were restored with slices taken in. To be asked before the first firing only. */
  leastFiredEnd(): number
  /** The open slices that start before `end` are taken in. */
  take(end: number): boolean
  /** The window with this end fires: slices that start before `oldestStart` are dropped. */
  beginFiring(end: number, oldestStart: number): void
  /**
   * Gives `emit` what each key has in the window, in the order in which slices of keys were taken in first, until the output is full; the next call goes on behind.
   * What it is given is only to be read, and only until something changes. False: there is more.
   */
  fire(output: Output, emit: (key: CanonicalKey, total: Acc) => void): boolean
  /** Hands out all that there is. `passedEnd`: of the newest window that has fired. */
  write(passedEnd: number, write: (key: CanonicalKey, payload: SlicePayload<Acc>) => void): void
  /** The same bit by bit. */
  cut(passedEnd: number, keep: KeepEntry): PartCut
  /** Puts back what a snapshot holds. False here: nothing was put, because it is not exact. */
  restore(key: CanonicalKey, payload: SlicePayload<Acc>): boolean
  /** Forgets everything. */
  clear(): void
}

/** Those that can move. */
export interface MovableSlices<In, Acc> extends KeptSlices<In, Acc> {
  /**
   * Puts everything into `to`, which is empty, and forgets it. Keys that the present firing has passed do not fire there again. What a snapshot that is being
   * packed has not come to is handed to it.
   */
  moveTo(to: KeptSlices<In, Acc>): void
}
