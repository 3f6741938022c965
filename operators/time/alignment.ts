/**
 * Alignment: sources that are ahead in event time wait for those that are behind.
 *
 *     subtask ── its watermark, at intervals ──► coordinator ── the smallest of the group ──► all subtasks of the group
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Clock } from '../../runtime/clock.ts'
import { checkOptions } from '../../runtime/known-options.ts'
import { Alarm } from './alarm.ts'
import { requireMs, requireStrategy } from './strategy-checks.ts'
import type { WatermarkAlignment, WatermarkStrategy } from './watermarks.ts'

/** How often watermarks are told where nobody says (Flink's default). */
const DEFAULT_UPDATE_INTERVAL_MS = 1_000

/** What `withAlignment` takes. */
export interface WatermarkAlignmentOptions {
  /** All sources of the job that name the same group wait for each other. */
  readonly group: string
  /** How far, in milliseconds of event time, a split may be ahead of the slowest subtask of the group. */
  readonly maxDriftMs: number
  /** How often a subtask tells the others its watermark, in milliseconds. Default: 1,000. */
  readonly updateIntervalMs?: number
}

/**
 * Adds to a strategy that its splits are not read while their watermark is more than `maxDriftMs` ahead of the smallest one in the
 * group. So a join or a union does not have to keep what one fast source has read hours ahead of a slow one.
 *
 * The smallest watermark is taken over all subtasks of all sources that name the group; those that are idle (see `withIdleness`) or
 * have finished are left out. One that has no watermark yet holds the others back. A split is at the most `maxDriftMs` and one batch
 * ahead. The group goes on once per `updateIntervalMs`: it can't advance faster than `maxDriftMs` in that time, so give old data, which
 * is read faster than it came into being, a short interval or a large drift.
 *
 * For sources only; as Flink's `withWatermarkAlignment`, except that single splits are always held one by one.
 * Errors: `INVALID_ARGUMENT`, `INVALID_WATERMARK_ALIGNMENT`.
 *
 * @example
 * withAlignment(boundedOutOfOrderness(5_000), { group: 'orders', maxDriftMs: 60_000 })
 */
export function withAlignment<T>(
  strategy: WatermarkStrategy<T>,
  options: WatermarkAlignmentOptions,
): WatermarkStrategy<T> {
  requireStrategy(strategy, 'withAlignment')
  const code = 'INVALID_WATERMARK_ALIGNMENT'
  checkOptions(options, ['group', 'maxDriftMs', 'updateIntervalMs'], 'withAlignment', code)
  const { group, maxDriftMs, updateIntervalMs = DEFAULT_UPDATE_INTERVAL_MS } = options
  if (typeof group !== 'string' || group === '') {
    throw new MillraceError(code, `withAlignment: group expects a name, got ${String(group)}`)
  }
  requireMs(maxDriftMs, 'withAlignment: maxDriftMs', code, { orZero: true })
  requireMs(updateIntervalMs, 'withAlignment: updateIntervalMs', code)
  return {
    ...strategy,
    name: `${strategy.name}, within ${maxDriftMs} ms of group '${group}' every ${updateIntervalMs} ms`,
    createGenerator: () => strategy.createGenerator(),
    alignment: { group, maxDriftMs, updateIntervalMs },
  }
}

/** One subtask's part in its group: tells the coordinator its watermark, now and then, and knows what may be read. */
export class AlignmentMember {
  readonly #alignment: WatermarkAlignment
  readonly #clock: Clock
  readonly #announce: (watermark: number) => void
  readonly #alarm: Alarm
  #groupWatermark = MIN_TIMESTAMP
  #watermark = MIN_TIMESTAMP
  #announced = MIN_TIMESTAMP
  #announcedAtMs = Number.NEGATIVE_INFINITY

  constructor(alignment: WatermarkAlignment, clock: Clock, announce: (watermark: number) => void) {
    this.#alignment = alignment
    this.#clock = clock
    this.#announce = announce
    this.#alarm = new Alarm(clock, () => {
      this.#tell()
    })
  }

  /** The name of the group. */
  get group(): string {
    return this.#alignment.group
  }

  /** Whether a split that has come as far as `watermark` may be read. */
  mayRead(watermark: number): boolean {
    return !(watermark > this.#groupWatermark + this.#alignment.maxDriftMs)
  }

  /** The smallest watermark of the group is this now. It may have gone back, where a member was idle and has records again. */
  follow(groupWatermark: number): void {
    this.#groupWatermark = groupWatermark
  }

  /** The subtask has come as far as `watermark`; `MAX_TIMESTAMP` where nobody needs to wait for it. Told at once or at the next interval. */
  report(watermark: number): void {
    this.#watermark = watermark
    if (watermark === this.#announced || this.#alarm.pending) return
    const waitMs =
      this.#announcedAtMs + this.#alignment.updateIntervalMs - this.#clock.monotonicMs()
    if (waitMs > 0) this.#alarm.set(waitMs)
    else this.#tell()
  }

  /** Nothing is told any more. */
  close(): void {
    this.#alarm.cancel()
  }

  #tell(): void {
    if (this.#watermark === this.#announced) return
    this.#announced = this.#watermark
    this.#announcedAtMs = this.#clock.monotonicMs()
    this.#announce(this.#watermark)
  }
}
