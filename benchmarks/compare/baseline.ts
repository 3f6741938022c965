/**
 * A baseline of ratios, and what has become of them.
 */
import { inRepository } from '../repository-folder.ts'
import { smallerIsBetter } from '../figure.ts'
import type { Figure } from '../figure.ts'

/** What is kept of a figure. */
export interface BaselineEntry {
  /** The benchmark. */
  readonly name: string
  readonly metric: string
  readonly value: number
  /** (largest run - smallest run) / median of the runs that the value was taken from. */
  readonly spread: number
  /** Whether a larger value is a worse one. */
  readonly smallerIsBetter: boolean
}

/** What has become of a ratio. */
export interface Comparison {
  readonly metric: string
  readonly before: number
  readonly now: number
  /** How far below (or, where smaller is better, above) `before` it may lie, as a share of it. */
  readonly tolerance: number
  readonly verdict: 'slower' | 'the same' | 'faster'
}

/** Where the baseline is kept. Throws outside a clone of the repository. */
export function baselineFile(): string {
  return inRepository('benchmarks/baseline.json')
}

/** No tolerance is smaller: machines are never quieter than that. */
export const LEAST_TOLERANCE = 0.15
/** None is larger: a ratio that has halved is slower however much it varies. */
export const MOST_TOLERANCE = 0.45

/** Whether the figure is a ratio of two competitors, and so can be compared across machines. */
export function isRatio({ metric }: Figure): boolean {
  return / \/ /.test(metric) && !/events\/s|records\/s|, ms/.test(metric)
}

/** The baseline that figures make: their ratios. */
export function baselineOf(figures: readonly Figure[]): readonly BaselineEntry[] {
  return figures.filter(isRatio).map((measured) => {
    const { name, metric, value, spread } = measured
    return { name, metric, value, spread, smallerIsBetter: smallerIsBetter(measured) }
  })
}

/** Reads a baseline. Throws `TypeError` for anything else. */
export function parseBaseline(value: unknown): readonly BaselineEntry[] {
  if (!Array.isArray(value)) throw new TypeError('baseline: expected a list of ratios')
  return value.map((entry: unknown) => {
    if (isEntry(entry)) return entry
    throw new TypeError(
      `baseline: expected name, metric, value, spread and smallerIsBetter, got ${JSON.stringify(entry)}`,
    )
  })
}

function isEntry(entry: unknown): entry is BaselineEntry {
  if (typeof entry !== 'object' || entry === null) return false
  const { name, metric, value, spread, smallerIsBetter: smaller } = entry as Partial<BaselineEntry>
  return (
    typeof name === 'string' &&
    typeof metric === 'string' &&
    typeof value === 'number' &&
    typeof spread === 'number' &&
    typeof smaller === 'boolean'
  )
}

/**
 * Compares figures with the baseline, those that both have. The tolerance of a ratio is half the spread of the runs of either side,
 * whichever is larger, inside `LEAST_TOLERANCE` and `MOST_TOLERANCE`: the median of a few runs lies well inside what they span.
 */
export function compareWithBaseline(
  baseline: readonly BaselineEntry[],
  figures: readonly Figure[],
): readonly Comparison[] {
  return baseline.flatMap((before) => {
    const now = figures.find(({ name, metric }) => name === before.name && metric === before.metric)
    return now === undefined ? [] : [compare(before, now)]
  })
}

function compare(before: BaselineEntry, now: Figure): Comparison {
  const spread = Math.max(before.spread, now.spread) / 2
  const tolerance = Math.min(MOST_TOLERANCE, Math.max(LEAST_TOLERANCE, spread))
  const change = now.value / before.value
  const better = before.smallerIsBetter ? 1 / change : change
  const { metric } = before
  return {
    metric,
    before: before.value,
    now: now.value,
    tolerance,
    verdict:
      better < 1 - tolerance ? 'slower' : better > 1 / (1 - tolerance) ? 'faster' : 'the same',
  }
}
