/**
 * Which firing of a window a result belongs to.
 */

/** `early`: the window was not complete yet. `onTime`: the watermark has just passed its end. `late`: a late record has changed it. */
export type PaneTiming = 'early' | 'onTime' | 'late'

/** A firing of a window. */
export interface Pane {
  readonly timing: PaneTiming
  /** Counts the firings of a window, from 0. */
  readonly index: number
}

/** The pane of windows that fire exactly once. */
export const ON_TIME_PANE: Pane = Object.freeze({ timing: 'onTime', index: 0 })
