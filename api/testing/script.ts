/**
 * Scripted sources: records, watermarks, pauses and failures in the order in which a test writes them.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { punctuatedWatermarks } from '../../operators/time/custom-watermarks.ts'
import type { Source, SplitReader } from '../../operators/source.ts'
import type { Environment } from '../environment.ts'
import type { OperatorOptions } from '../operator-options.ts'
import type { Stream } from '../stream.ts'

/**
 * One step of a script. A record with its event time in ms; a watermark; a wait until a promise has settled; or an error that the
 * source throws.
 */
export type ScriptStep<T> =
  | { readonly value: T; readonly at: number }
  | { readonly watermark: number }
  | { readonly until: PromiseLike<unknown> }
  | { readonly fail: Error }

/** What a source does, split by split. Made by `script`. */
export interface Script<T> {
  readonly splits: readonly (readonly ScriptStep<T>[])[]
}

/**
 * A script of one or several splits, each a list of steps. Splits are read side by side, by one subtask or several.
 * Errors: `INVALID_SCRIPT` for a step that is none.
 *
 * @example
 * const orders = script<string>([
 *   { value: 'first', at: 1_000 },
 *   { watermark: 1_500 },
 *   { value: 'late', at: 900 },
 * ])
 */
export function script<T>(...splits: readonly (readonly ScriptStep<T>[])[]): Script<T> {
  splits.forEach((steps, split) => {
    steps.forEach((step, number) => {
      checkStep(step, `step ${number} of split ${split}`)
    })
  })
  return { splits }
}

/**
 * The records of a script as a stream, with the script's times and watermarks. Within a task a watermark stands exactly where the
 * script has it; on its way to other tasks, behind `keyBy` say, records may overtake it, never the other way round.
 *
 * @example
 * fromScript(env, script<string>([{ value: 'a', at: 1 }, { watermark: 2 }])).collect('letters')
 */
export function fromScript<T>(
  env: Environment,
  given: Script<T>,
  options: OperatorOptions = {},
): Stream<T> {
  return env
    .from(sourceOf(given), {
      name: 'script',
      ...options,
      timestamp: (item) => item.at,
      watermarks: punctuatedWatermarks((item: Item<T>) => item.watermark),
    })
    .flatMap((item) => item.values, { name: 'scripted records' })
}

/** What the source reads: a record, or a watermark alone. */
interface Item<T> {
  readonly values: readonly T[]
  readonly at: number
  readonly watermark: number | undefined
}

function sourceOf<T>({ splits }: Script<T>): Source<Item<T>, number, number> {
  return {
    name: 'script',
    splitsAtOnce: Math.max(1, splits.length),
    enumerate: () => {
      const numbers = splits.keys()
      return { next: () => numbers.next().value }
    },
    open: (split, _context, position = 0) => new ScriptReader(splits[split] ?? [], position),
  }
}

class ScriptReader<T> implements SplitReader<Item<T>, number> {
  readonly #steps: readonly ScriptStep<T>[]
  position: number

  constructor(steps: readonly ScriptStep<T>[], position: number) {
    this.#steps = steps
    this.position = position
  }

  read(): readonly Item<T>[] | undefined | Promise<readonly Item<T>[] | undefined> {
    const step = this.#steps[this.position]
    if (step === undefined) return undefined
    if ('fail' in step) throw step.fail
    this.position++
    if ('until' in step) return this.#readAfter(step.until)
    if ('watermark' in step) return [{ values: [], at: step.watermark, watermark: step.watermark }]
    return [{ values: [step.value], at: step.at, watermark: undefined }]
  }

  async #readAfter(until: PromiseLike<unknown>): Promise<readonly Item<T>[] | undefined> {
    await until
    return this.read()
  }
}

function checkStep(step: unknown, where: string): void {
  const fields: Readonly<Record<string, unknown>> =
    typeof step === 'object' && step !== null ? { ...step } : {}
  const fits =
    ('value' in fields && Number.isFinite(fields['at'])) ||
    Number.isFinite(fields['watermark']) ||
    'until' in fields ||
    fields['fail'] instanceof Error
  // Two steps in one would have one of them forgotten, and the type lets them pass.
  const kinds = ['value', 'watermark', 'until', 'fail'].filter((kind) => kind in fields)
  if (fits && kinds.length === 1) return
  throw new MillraceError(
    'INVALID_SCRIPT',
    `script: ${where} must be { value, at }, { watermark }, { until: promise } or { fail: error }, one of them, with times in ms`,
  )
}
