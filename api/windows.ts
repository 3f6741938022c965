/**
 * What can be said about windows before what is to be computed: trigger, evictor, lateness, results.
 */
import type { OutputTag } from '../operators/output-tag.ts'
import type { EarlyResults } from '../operators/windows/closing-triggers.ts'
import type { Evictor } from '../operators/windows/evictor.ts'
import type { Trigger } from '../operators/windows/trigger.ts'
import type { WindowResults } from '../operators/windows/window-operator-options.ts'
import {
  requireEarlyResults,
  requireEvictor,
  requireLateness,
  requireResults,
  requireTag,
  requireTrigger,
  withSetting,
} from './window-settings.ts'
import type { WindowSettings } from './window-settings.ts'

/**
 * What windows per key and windows over all records have in common. Every method but `aggregate`, `reduce` and `process` returns
 * new windows and leaves these as they are.
 *
 * Errors of all settings: `INVALID_ARGUMENT`; `INVALID_WINDOW` for one that is made twice or contradicts another.
 */
export abstract class Windows<T, Self> {
  /** @internal */
  protected readonly settings: WindowSettings

  /** @internal Comes from a stream. */
  constructor(settings: WindowSettings) {
    this.settings = settings
  }

  /** @internal */
  protected abstract with(settings: WindowSettings): Self

  /**
   * When windows fire, in place of their default: when the watermark or the clock passes their end. Also throws
   * `TRIGGER_CANNOT_MERGE`.
   *
   * @example
   * orders.windowAll(tumbling(60_000)).trigger(triggers.purging(triggers.count(100)))
   */
  trigger<S>(trigger: Trigger<T, S>): Self {
    requireTrigger(trigger)
    return this.with(withSetting(this.settings, 'trigger', trigger))
  }

  /**
   * Takes records out of a window before or after it is computed. All records of the window are kept until then, also for
   * an aggregate.
   *
   * @example
   * orders.windowAll(tumbling(60_000)).evictor(evictors.count(10))
   */
  evictor(evictor: Evictor<T>): Self {
    requireEvictor(evictor)
    return this.with(withSetting(this.settings, 'evictor', evictor))
  }

  /**
   * Keeps windows for so many ms of event time after their end: a record that comes for one fires it again. Default: 0.
   *
   * @example
   * orders.windowAll(tumbling(60_000)).allowedLateness(10_000)
   */
  allowedLateness(ms: number): Self {
    requireLateness(ms)
    return this.with(withSetting(this.settings, 'allowedLatenessMs', ms))
  }

  /**
   * Sends late records, those all of whose windows are gone, to a side output. Default: they are dropped and counted
   * (`lateRecordsDropped`).
   *
   * @example
   * const late = outputTag<Order>('late')
   * const totals = orders.windowAll(tumbling(60_000)).sideOutputLate(late).aggregate(count())
   * totals.sideOutput(late).to(consoleSink())
   */
  sideOutputLate(tag: OutputTag<T>): Self {
    requireTag(tag)
    return this.with(withSetting(this.settings, 'lateTag', tag.name))
  }

  /**
   * Which results leave. `updates`, the default: each firing, so that a window with early results or allowed lateness has several.
   * `final`: one per window, when nothing can change it any more, after its end and the allowed lateness.
   */
  results(results: WindowResults): Self {
    requireResults(results)
    return this.with(withSetting(this.settings, 'results', results))
  }

  /**
   * Results before the end of a window: at the latest `everyMs` of the clock after the first record that the last result does not hold (where
   * windows are aggregated in two phases, up to a quarter earlier), or after `everyRecords`. The result at the end, and those of late records, come besides.
   */
  earlyResults(early: EarlyResults): Self {
    requireEarlyResults(early)
    return this.with(withSetting(this.settings, 'earlyResults', early))
  }
}
