/**
 * `Environment`: where a job's streams begin. The build function of a job gets one.
 */
import type { Source } from '../operators/source.ts'
import type { WatermarkStrategy } from '../operators/time/watermarks.ts'
import { requireFunction, requireMethods, requireText } from './build-error.ts'
import type { GraphBuilder } from './graph-builder.ts'
import {
  requireSplitsAtOnce,
  requireWatermarkInterval,
  requireWatermarks,
} from './operator-checks.ts'
import type { OperatorOptions } from './operator-options.ts'
import { Stream } from './stream.ts'

/** Options of a source, besides those of every operator. */
export interface SourceOptions<T> extends OperatorOptions {
  /** Event time of a record in ms since 1970. Default: what the source knows, else none. */
  readonly timestamp?: (value: T) => number
  /**
   * How far event time has come; computed per split. Default: not known before the end of the
   * input, so that windows of a bounded source fire when it ends, and those of an unbounded one
   * never.
   */
  readonly watermarks?: WatermarkStrategy<NoInfer<T>>
  /**
   * How often periodic watermark generators are asked whose strategy does not say, in milliseconds. Others follow every batch of
   * records. Default: 200.
   */
  readonly watermarkIntervalMs?: number
}

/**
 * The beginning of all streams of one job. Exists while the job is built.
 *
 * @example
 * export default defineJob('late flights', (env) => {
 *   env
 *     .from(csvSource({ path: 'flights.csv', columns: { origin: 'string', delay: 'number' } }))
 *     .filter((flight) => flight.delay > 15)
 *     .to(consoleSink())
 * })
 */
export class Environment {
  /** The name of the job. */
  readonly jobName: string
  readonly #builder: GraphBuilder

  /** @internal Made for each build of a job. */
  constructor(jobName: string, builder: GraphBuilder) {
    this.jobName = jobName
    this.#builder = builder
  }

  /**
   * A stream of the records of a source.
   *
   * @param source from a connector, or your own
   * @example
   * env.from(parquetSource({ path, columns: { date: 'timestamp', origin: 'string' } }), {
   *   timestamp: (flight) => flight.date,
   *   watermarks: monotonous(),
   * })
   */
  from<T>(source: Source<T>, options: SourceOptions<T> = {}): Stream<T> {
    requireMethods(source, ['enumerate', 'open'], 'from: the argument', 'a Source')
    requireText(source.name, 'from: the name of the source')
    requireSplitsAtOnce(source)
    const { timestamp, watermarks, watermarkIntervalMs } = options
    if (timestamp !== undefined) requireFunction(timestamp, 'from: timestamp')
    if (watermarks !== undefined) requireWatermarks(watermarks, 'from')
    if (watermarkIntervalMs !== undefined) requireWatermarkInterval(watermarkIntervalMs, 'from')
    const port = this.#builder.add({
      operator: { kind: 'source', source, timestamp, watermarks, watermarkIntervalMs },
      inputs: [],
      defaultName: source.name,
      options,
      parallelismLimit: source.maxParallelism,
      moreOptions: ['timestamp', 'watermarks', 'watermarkIntervalMs'],
    })
    return new Stream<T>(this.#builder, [port])
  }
}
