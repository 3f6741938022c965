/**
 * Plays the host of a sink with checkpoints in tests: writers that write, prepare, are killed and go on from a checkpoint, at
 * any parallelism, with the promises of operators/sink.ts and nothing else.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import fc from 'fast-check'
import type { Sink, SinkWriter } from '../../operators/sink.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'

/** What happens to the writers, in this order. Numbers choose among what there is. */
export type Step =
  | { readonly kind: 'write'; readonly records: number; readonly writer: number }
  /**
   * All prepare. 'complete': and it is committed; 'committed twice'; 'lost': the job is killed before it is complete; 'given up': the
   * job goes on without it.
   */
  | {
      readonly kind: 'checkpoint'
      readonly outcome: 'complete' | 'committed twice' | 'lost' | 'given up'
    }
  /** Time passes on the clock of the writers. */
  | { readonly kind: 'pass'; readonly ms: number }
  /** One writer ends; the job goes on with the others. */
  | { readonly kind: 'end'; readonly writer: number }
  /** The writers are told to abort, or they are killed. The next ones go on from the last complete checkpoint. */
  | { readonly kind: 'crash'; readonly killed: boolean; readonly parallelism: number }
  /** The checkpoint is complete, and the job is killed before it is committed. */
  | { readonly kind: 'crash before commit'; readonly parallelism: number }

/** Sequences of steps. */
export function steps(most: number, maxParallelism: number): fc.Arbitrary<Step[]> {
  const parallelism = fc.integer({ min: 1, max: maxParallelism })
  const writer = fc.nat(5)
  return fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('write' as const), records: fc.nat(40), writer }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('checkpoint' as const),
          outcome: fc.constantFrom(
            'complete' as const,
            'complete' as const,
            'committed twice' as const,
            'lost' as const,
            'given up' as const,
          ),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(100) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), writer }) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('crash' as const),
          killed: fc.boolean(),
          parallelism,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('crash before commit' as const), parallelism }),
      },
    ),
    { maxLength: most },
  )
}

interface Prepared<S, C> {
  readonly state: S | undefined
  readonly committables: readonly C[]
}

interface Checkpoint<S, C> {
  /** Records that had been written. */
  readonly records: number
  readonly writers: readonly Prepared<S, C>[]
}

interface Writing<T, S, C> {
  readonly writer: SinkWriter<T, S, C>
  /** Set when it has prepared for the last time. */
  ended?: Prepared<S, C>
}

/** See the head of this file. */
export class TwoPhaseRig<T, S, C> {
  readonly #sink: Sink<T, S, C>
  readonly #folder: string
  readonly #record: (index: number) => T
  readonly #afterStep: (() => void | Promise<void>) | undefined
  readonly #clock = new ManualClock(1_000_000)
  #writings: Writing<T, S, C>[] = []
  #records = 0
  #checkpoint: Checkpoint<S, C> | undefined

  constructor(options: {
    readonly sink: Sink<T, S, C>
    /** Where the sink writes: what lies there at a kill stays there. */
    readonly folder: string
    readonly record: (index: number) => T
    /** Looks at what is visible. */
    readonly afterStep?: () => void | Promise<void>
  }) {
    this.#sink = options.sink
    this.#folder = options.folder
    this.#record = options.record
    this.#afterStep = options.afterStep
  }

  /** Records that the output has in the end. */
  get records(): number {
    return this.#records
  }

  /** Records in the last complete checkpoint. */
  get checkpointed(): number {
    return this.#checkpoint?.records ?? 0
  }

  /** Opens the first writers, takes the steps, and ends the job well. */
  async run(parallelism: number, all: readonly Step[]): Promise<void> {
    await this.#open(parallelism)
    for (const step of all) {
      await this.#take(step)
      await this.#afterStep?.()
    }
    for (const writing of this.#writings) await this.#end(writing)
    await this.#completeCheckpoint()
    await this.#commit()
    await this.#commit()
    for (const { writer } of this.#writings) await writer.close()
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return this.#write(step.records, step.writer)
      case 'checkpoint':
        if (step.outcome === 'given up') {
          await this.#prepareAll()
          return
        }
        if (step.outcome === 'lost') {
          await this.#prepareAll()
          return this.#restart(true, this.#writings.length)
        }
        await this.#completeCheckpoint()
        await this.#commit()
        if (step.outcome === 'committed twice') await this.#commit()
        return
      case 'pass':
        this.#clock.pass(step.ms)
        return
      case 'end':
        return this.#end(this.#writings[step.writer % this.#writings.length]!)
      case 'crash':
        return this.#restart(step.killed, step.parallelism)
      case 'crash before commit':
        await this.#completeCheckpoint()
        return this.#restart(true, step.parallelism)
    }
  }

  async #open(parallelism: number): Promise<void> {
    const states = this.#checkpoint?.writers.map(({ state }) => state)
    this.#writings = []
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const share = states?.filter(
        (state, at) => state !== undefined && at % parallelism === subtaskIndex,
      )
      // a state travels as plain data
      const restored = share === undefined ? {} : { restored: structuredClone(share) as S[] }
      const facts = { subtaskIndex, parallelism, checkpoints: true, clock: this.#clock }
      const context = { ...facts, ...restored }
      this.#writings.push({ writer: await this.#sink.open(context) })
    }
  }

  async #write(records: number, chosen: number): Promise<void> {
    const open = this.#writings.filter(({ ended }) => ended === undefined)
    const writing = open[chosen % Math.max(1, open.length)]
    if (writing === undefined || records === 0) return
    const values = Array.from({ length: records }, (_, at) => this.#record(this.#records + at))
    this.#records += records
    const timestamps = new Float64Array(records)
    // sometimes the records come from another thread, if there is something to be done there
    const packer = chosen % 2 === 0 ? this.#sink.createPacker?.() : undefined
    if (packer === undefined) await writing.writer.write(values, timestamps)
    else
      await writing.writer.writePacked!(structuredClone(packer.pack(values, timestamps)), records)
    // sometimes the file is ahead of the checkpoint on disk, sometimes in memory only
    if (records % 2 === 0) await writing.writer.flush()
  }

  async #end(writing: Writing<T, S, C>): Promise<void> {
    if (writing.ended !== undefined) return
    await writing.writer.flush()
    writing.ended = plain(await writing.writer.prepare!(true))
  }

  async #prepareAll(): Promise<Prepared<S, C>[]> {
    const prepared: Prepared<S, C>[] = []
    for (const { writer, ended } of this.#writings) {
      prepared.push(ended ?? plain(await writer.prepare!(false)))
    }
    return prepared
  }

  async #completeCheckpoint(): Promise<void> {
    this.#checkpoint = { records: this.#records, writers: await this.#prepareAll() }
  }

  async #commit(): Promise<void> {
    const all = this.#checkpoint?.writers.flatMap(({ committables }) => committables) ?? []
    await this.#sink.commit!(all)
  }

  async #restart(killed: boolean, parallelism: number): Promise<void> {
    const rescued = killed ? linkAll(this.#folder) : undefined
    for (const { writer } of this.#writings)
      await writer.abort!(!killed && this.#checkpoint !== undefined)
    rescued?.()
    this.#records = this.checkpointed
    await this.#open(parallelism)
    await this.#commit()
  }
}

function plain<S, C>(prepared: {
  readonly state?: S | undefined
  readonly committables?: readonly C[] | undefined
}): Prepared<S, C> {
  return structuredClone({ state: prepared.state, committables: prepared.committables ?? [] })
}

/** All files below a folder, relative to it, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

/** Links all files elsewhere; the returned function brings back those that have been removed since, as if nobody had had time to. */
function linkAll(folder: string): () => void {
  const aside = `${folder}-aside`
  const files = filesBelow(folder)
  for (const file of files) {
    mkdirSync(dirname(join(aside, file)), { recursive: true })
    linkSync(join(folder, file), join(aside, file))
  }
  return () => {
    for (const file of files) {
      if (existsSync(join(folder, file))) continue
      renameSync(join(aside, file), join(folder, file))
    }
    rmSync(aside, { recursive: true, force: true })
  }
}
