/** A source subtask that reads arrays, also from where another one stood. */
import * as assert from 'uvu/assert'
import type { BadRecordHandler } from '../../../operators/bad-records.ts'
import { SourceSubtask } from '../../../operators/source/source-subtask.ts'
import type { SplitReader } from '../../../operators/source.ts'
import type { Subtask } from '../../../operators/subtask.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions, SubtaskRig } from '../subtask-rig.ts'

/** The batches of a split; a text is a line that is no record. */
export type Batches = readonly (readonly (number | string)[])[]

/** Reads them from a position on, which counts batches; `waits`: each batch comes later. */
function batchReader(
  batches: Batches,
  { from, waits, bad }: { from: number; waits: boolean; bad: (record: unknown) => void },
): SplitReader<unknown> {
  let at = from
  return {
    get position() {
      return at
    },
    read() {
      const lines = batches[at++]
      for (const line of lines ?? []) if (typeof line === 'string') bad(line)
      const batch = lines?.filter((line) => typeof line === 'number')
      return waits ? Promise.resolve(batch) : batch
    },
  }
}

/** What it reads, and how. */
export interface ArrayOptions extends RigOptions {
  readonly splits: readonly Batches[]
  readonly splitsAtOnce?: number
  readonly waits?: boolean
  readonly badRecords?: BadRecordHandler
}

/** The source, running. */
export interface ArraySource extends SubtaskRig {
  readonly subtask: SourceSubtask
  /** Its splits with the positions at which they were opened. */
  readonly opened: readonly unknown[]
}

/** A source of these splits, known by their numbers; those that a restored one had received are not given again. */
export function arraySource(options: ArrayOptions): ArraySource {
  const { splits, splitsAtOnce = 1, waits = false, restored, badRecords } = options
  const surroundings = subtaskRig(options, () => subtask)
  let given = restored?.source?.received ?? 0
  const opened: unknown[] = []
  const subtask: SourceSubtask = new SourceSubtask({
    ...surroundings.parts,
    source: {
      name: 'source',
      splitsAtOnce,
      enumerate: () => ({ next: () => undefined }),
      open: (split, { badRecord }, position) => {
        opened.push([split, position])
        return batchReader(splits[split as number]!, {
          from: (position as number | undefined) ?? 0,
          waits,
          bad: (record) => badRecord?.(record, 'no number'),
        })
      },
    },
    sourceName: 'source',
    sourceUid: 'source uid',
    timestamp: (value: number) => value,
    watermarks: monotonous(),
    badRecords,
    nextSplit: async () => (given < splits.length ? { split: given++ } : undefined),
  })
  subtask.open()
  subtask.start()
  return { ...surroundings, subtask, opened }
}

/** The records among what was sent. */
export function recordsOf(sent: readonly (readonly unknown[] | object)[]): unknown[] {
  return sent.flatMap((item) => (Array.isArray(item) ? (item as unknown[]) : []))
}

/** Also over the pauses after empty batches. */
export async function toTheEnd({
  subtask,
  settle,
  clock,
}: SubtaskRig & { readonly subtask: Subtask }): Promise<void> {
  for (let i = 0; i < 50 && subtask.state !== 'finished'; i++) {
    await settle()
    clock.advance(1)
  }
  assert.is(subtask.state, 'finished')
}
