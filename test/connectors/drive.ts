/**
 * Drives sources and sinks in tests the way a runtime does: enumerate, open, read to the end.
 */
import type { ReaderContext, Source, SplitReader } from '../../operators/source.ts'
import type { Sink } from '../../operators/sink.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface DriveOptions {
  readonly parallelism?: number
  readonly batchSize?: number
  /** Makes the reader go on behind bad records and hear of each here. */
  readonly badRecord?: ReaderContext['badRecord']
}

export function readerContext(
  options: DriveOptions = {},
  signal: ReaderContext['signal'] = new AbortController().signal,
): ReaderContext {
  return {
    subtaskIndex: 0,
    parallelism: options.parallelism ?? 1,
    batchSize: options.batchSize ?? 1024,
    signal,
    badRecord: options.badRecord,
  }
}

/** All splits in the order in which they are given out. */
export async function splitsOf<T, S, P>(source: Source<T, S, P>, parallelism = 1): Promise<S[]> {
  const enumerator = await source.enumerate({ parallelism })
  const splits: S[] = []
  for (let turn = 0; ; turn++) {
    const split = await enumerator.next(turn % parallelism)
    if (split === undefined) break
    splits.push(split)
  }
  await enumerator.close?.()
  return splits
}

/** Reads one reader to its end and closes it; every batch must keep the contract. */
export async function drain<T, P>(reader: SplitReader<T, P>, batchSize = 1024): Promise<T[]> {
  const records: T[] = []
  try {
    for (;;) {
      const batch = await reader.read()
      if (batch === undefined) return records
      if (batch.length === 0 || batch.length > batchSize)
        throw new Error(`a batch of ${batch.length} records`)
      records.push(...batch)
    }
  } finally {
    await reader.close?.()
  }
}

/** The records of a source, per split, read by `parallelism` readers that take turns. */
export async function readSource<T, S, P>(
  source: Source<T, S, P>,
  options: DriveOptions = {},
): Promise<T[]> {
  const { parallelism = 1, batchSize = 1024 } = options
  const enumerator = await source.enumerate({ parallelism })
  const results: { readonly order: number; readonly records: T[] }[] = []
  let order = 0
  await Promise.all(
    Array.from({ length: parallelism }, async (_, subtaskIndex) => {
      const context = { ...readerContext(options), subtaskIndex }
      for (;;) {
        const split = await enumerator.next(subtaskIndex)
        if (split === undefined) return
        const mine = order++
        // a split travels to its reader as plain data
        const reader = await source.open(structuredClone(split), context)
        results.push({ order: mine, records: await drain(reader, batchSize) })
      }
    }),
  )
  return results.sort((a, b) => a.order - b.order).flatMap(({ records }) => records)
}

/** Every position of a split: reads it to there, opens it again at that position, and returns both halves joined. */
export async function readResuming<T, S, P>(
  source: Source<T, S, P>,
  split: S,
  batchSize: number,
): Promise<T[][]> {
  const context = readerContext({ batchSize })
  const joined: T[][] = []
  for (let batches = 0; ; batches++) {
    const before: T[] = []
    const first = await source.open(split, context)
    let ended = false
    for (let taken = 0; taken < batches && !ended; taken++) {
      const batch = await first.read()
      if (batch === undefined) ended = true
      else before.push(...batch)
    }
    const position = structuredClone(first.position)
    await first.close?.()
    const second = await source.open(split, context, position)
    joined.push([...before, ...(await drain(second, batchSize))])
    if (ended) return joined
  }
}

/** Writes batches through one writer per subtask and closes them. */
export async function writeSink<T>(
  sink: Sink<T>,
  perSubtask: readonly (readonly T[][])[],
): Promise<void> {
  const parallelism = perSubtask.length
  for (const [subtaskIndex, batches] of perSubtask.entries()) {
    const writer = await sink.open({ subtaskIndex, parallelism })
    for (const batch of batches) await writer.write(batch, new Float64Array(batch.length))
    await writer.flush()
    await writer.close()
  }
}

/** The code of what a promise rejects with, or of what a function throws. */
export async function failureOf(
  action: () => unknown,
): Promise<{ readonly code: unknown; readonly message: string }> {
  try {
    await action()
  } catch (error) {
    if (error instanceof Error)
      return { code: 'code' in error ? error.code : undefined, message: error.message }
  }
  throw new Error('nothing was thrown')
}

/** Runs with a folder that is removed afterwards. */
export async function withFolder<R>(body: (folder: string) => R | Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-connectors-'))
  try {
    return await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
