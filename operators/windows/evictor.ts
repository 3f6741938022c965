/**
 * What is left out of a window when it fires: the contract of evictors.
 */
import type { TimeWindow } from './time-window.ts'

/** A record of a window, with its event time: -Infinity for none. */
export interface WindowElement<T> {
  readonly value: T
  readonly timestamp: number
}

/** What the functions of an evictor are given. */
export interface EvictorContext {
  readonly window: TimeWindow
  readonly currentWatermark: number
  /** The clock of the host, in ms since 1970. */
  readonly processingTime: number
}

/**
 * Takes records out of a window before or after its function has seen them (Flink's Evictor); they are gone for later firings too.
 * A plain object, shared by all subtasks of a slot.
 *
 * Each function returns the elements to keep, in their order: the array itself, or a new one. It must not change the array.
 */
export interface Evictor<T = unknown> {
  /** Shown in plans. */
  readonly name: string
  evictBefore?(
    elements: readonly WindowElement<T>[],
    context: EvictorContext,
  ): readonly WindowElement<T>[]
  evictAfter?(
    elements: readonly WindowElement<T>[],
    context: EvictorContext,
  ): readonly WindowElement<T>[]
}

/** An evictor of records of some type. */
// oxlint-disable-next-line no-explicit-any -- "some evictor": the operator treats records as opaque
export type AnyEvictor = Evictor<any>
