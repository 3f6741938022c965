/** A source subtask whose splits do what the test says. */
import { SourceSubtask } from '../../../operators/source/source-subtask.ts'
import type { SourceParts } from '../../../operators/source/source-subtask.ts'
import type { SplitReader } from '../../../operators/source.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions, SubtaskRig } from '../subtask-rig.ts'

/** A reader that waits until it is given something. */
export class ScriptedSplit implements SplitReader<unknown> {
  position = 0
  reads = 0
  closed = 0
  readonly #batches: (readonly unknown[] | undefined)[] = []
  #waiting: ((batch: readonly unknown[] | undefined) => void) | undefined

  read(): readonly unknown[] | undefined | Promise<readonly unknown[] | undefined> {
    this.reads++
    if (this.#batches.length > 0) return this.#take(this.#batches.shift())
    return new Promise((resolve) => {
      this.#waiting = (batch) => {
        resolve(this.#take(batch))
      }
    })
  }

  close(): void {
    this.closed++
  }

  /** A batch; none: the end. */
  give(batch?: readonly unknown[]): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#batches.push(batch)
    else waiting(batch)
  }

  #take(batch: readonly unknown[] | undefined): readonly unknown[] | undefined {
    this.position += batch?.length ?? 0
    return batch
  }
}

/** What a test can do with the source. */
export interface SourceRig extends SubtaskRig {
  readonly subtask: SourceSubtask
  /** What it told its alignment group. */
  readonly announced: number[]
  /** The enumerator gives a split; none: there are no more. */
  readonly assign: (name?: string, split?: ScriptedSplit) => void
  /** What came out since the last call: records and watermarks as numbers, `wN` for a watermark N, `idle`, `end`. */
  readonly out: () => unknown[]
}

/** Options of the rig. */
export type SourceRigOptions = RigOptions &
  Partial<Pick<SourceParts, 'watermarks' | 'watermarkIntervalMs' | 'badRecords' | 'timestamp'>> & {
    readonly splitsAtOnce?: number
  }

/** A running source whose records are their own times. */
export function sourceRig(options: SourceRigOptions): SourceRig {
  const surroundings = subtaskRig(options, () => subtask)
  const announced: number[] = []
  const splits = new Map<string, ScriptedSplit>()
  const queue: ({ readonly split: string } | undefined)[] = []
  let asking: ((split: { readonly split: string } | undefined) => void) | undefined
  const { splitsAtOnce } = options
  const subtask: SourceSubtask = new SourceSubtask({
    ...surroundings.parts,
    source: {
      name: 'source',
      ...(splitsAtOnce === undefined ? {} : { splitsAtOnce }),
      enumerate: () => ({ next: () => undefined }),
      open: (split) => splits.get(split as string)!,
    },
    sourceName: 'source',
    sourceUid: 'source uid',
    timestamp: options.timestamp ?? ((value: number) => value),
    watermarks: options.watermarks,
    watermarkIntervalMs: options.watermarkIntervalMs,
    badRecords: options.badRecords,
    announceWatermark: (watermark) => announced.push(watermark),
    nextSplit: () =>
      new Promise((resolve) => {
        if (queue.length > 0) resolve(queue.shift())
        else asking = resolve
      }),
  })
  subtask.open()
  subtask.start()
  let seen = 0
  return {
    ...surroundings,
    subtask,
    announced,
    assign: (name, split) => {
      if (name !== undefined && split !== undefined) splits.set(name, split)
      const answer = name === undefined ? undefined : { split: name }
      const waiting = asking
      asking = undefined
      if (waiting === undefined) queue.push(answer)
      else waiting(answer)
    },
    out: () => {
      const items = surroundings.transport.sent.slice(seen)
      seen = surroundings.transport.sent.length
      return items.flatMap((item): unknown[] => {
        if (!('kind' in item)) return [...item]
        return [item.kind === 'watermark' ? `w${item.timestamp}` : item.kind]
      })
    },
  }
}
