/**
 * A coordinator of checkpoints with a clock that is moved by hand, a store in memory that can be told to fail, and a job that writes down
 * what it is told.
 */
import { CheckpointCoordinator } from '../../../checkpoint/coordinator/checkpoint-coordinator.ts'
import type {
  CheckpointHost,
  CheckpointedJob,
} from '../../../checkpoint/coordinator/checkpoint-host.ts'
import { resolveCheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import type { CheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import type { SourceProgress } from '../../../checkpoint/coordinator/pending-checkpoint.ts'
import type {
  BeginOptions,
  CheckpointFacts,
  CheckpointWriter,
} from '../../../checkpoint/store/snapshot-store.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { MillraceError } from '../../../mailbox/errors.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'

export const SOURCE: SubtaskName = { taskId: 0, subtaskIndex: 0 }
export const SINK_0: SubtaskName = { taskId: 1, subtaskIndex: 0 }
export const SINK_1: SubtaskName = { taskId: 1, subtaskIndex: 1 }
export const ALL = [SOURCE, SINK_0, SINK_1]

export const JOB: CheckpointedJob = {
  jobName: 'departures',
  jobId: 'run-1',
  fingerprint: 'abc',
  operators: [
    { uid: 'in', name: 'in', task: 0, parallelism: 1, maxParallelism: 128 },
    { uid: 'out', name: 'out', task: 1, parallelism: 2, maxParallelism: 128 },
  ],
  subtasks: ALL,
  sources: [SOURCE],
}

/** A contribution whose sink, if the subtask has one, has prepared these. */
export function snapshotOf(name: SubtaskName, ...committables: unknown[]): SubtaskSnapshot {
  const isSource = name.taskId === 0
  return {
    operators: [],
    source: isSource ? { uid: 'in', received: 3, open: [] } : undefined,
    sinks: isSource ? [] : [{ uid: 'out', state: undefined, committables }],
    channels: [],
    watermark: 7,
    finished: false,
  }
}

/** Where a store fails next. */
export type Fault = 'begin' | 'put' | 'complete' | 'inDoubt' | 'retain'

/** A store in memory that says what it does, and fails once where it is told to. */
export class FaultyStore extends MemorySnapshotStore {
  fault: Fault | undefined
  readonly #note: (event: string) => void

  constructor(note: (event: string) => void = () => {}) {
    super()
    this.#note = note
  }

  override async begin(id: number, options?: BeginOptions): Promise<CheckpointWriter> {
    this.#failIf('begin')
    const writer = await super.begin(id, options)
    return {
      id,
      kind: writer.kind,
      include: (part) => writer.include(part),
      put: async (name, content) => {
        this.#failIf('put')
        return writer.put(name, content)
      },
      complete: async (facts: CheckpointFacts) => {
        if (this.fault === 'complete' || this.fault === 'inDoubt') await writer.discard()
        this.#failIf('complete')
        this.#failIf('inDoubt', 'CHECKPOINT_IN_DOUBT')
        const metadata = await writer.complete(facts)
        this.#note(`stored ${id}`)
        return metadata
      },
      discard: () => writer.discard(),
    }
  }

  override async retain(count: number): Promise<number[]> {
    this.#failIf('retain')
    const removed = await super.retain(count)
    if (removed.length > 0) this.#note(`removed ${removed.join(' ')}`)
    return removed
  }

  #failIf(fault: Fault, code = 'STORE_FULL'): void {
    if (this.fault !== fault) return
    this.fault = undefined
    throw new MillraceError(code, `the disk said ${code}`)
  }
}

/** Lets everything happen that needs no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** What a rig is made with. */
export interface RigOptions extends CheckpointOptions {
  readonly job?: CheckpointedJob
  readonly host?: Partial<CheckpointHost>
  readonly withoutStore?: boolean
}

/** A coordinator and what it has done, as a list of short sentences. */
export function createRig({ job = JOB, host, withoutStore = false, ...options }: RigOptions = {}) {
  const clock = new ManualClock(1_000_000)
  const events: string[] = []
  const committed: unknown[] = []
  const failures: unknown[] = []
  const progress: (readonly SourceProgress[])[] = []
  const note = (event: string): void => void events.push(event)
  const store = new FaultyStore(note)
  const coordinator = new CheckpointCoordinator({
    job,
    options: resolveCheckpointOptions(options),
    store: withoutStore ? undefined : store,
    host: {
      clock,
      trigger: (id) => note(`trigger ${id}`),
      triggerLast: (id) => note(`trigger ${id} as the last`),
      sourcesAcknowledged: (id, list) => {
        note(`sources ${id}`)
        progress.push(list)
        return [{ uid: 'in', state: { next: id }, given: 3, returned: [] }]
      },
      commit: async (bySink) => {
        const list = bySink.get('out') ?? []
        note(`commit ${list.join(' ')}`.trim())
        committed.push(...list)
      },
      notifyComplete: (id) => note(`complete ${id}`),
      notifyAborted: (id) => note(`aborted ${id}`),
      failJob: (error) => {
        note('failJob')
        failures.push(error)
      },
      ...host,
    },
  })
  const acknowledge = (id: number, ...names: SubtaskName[]): void => {
    for (const name of names) coordinator.acknowledged(name, id, snapshotOf(name))
  }
  /** All subtasks acknowledge. */
  const pass = async (id: number): Promise<void> => {
    acknowledge(id, ...ALL)
    await settle()
  }
  const advance = async (spanMs: number): Promise<void> => {
    clock.advance(spanMs)
    await settle()
  }
  /** What has happened since the last call. */
  const heard = (): string[] => events.splice(0)
  return {
    clock,
    store,
    coordinator,
    acknowledge,
    pass,
    advance,
    heard,
    committed,
    failures,
    progress,
  }
}
