/**
 * What a subtask is made of, whom it tells what, and what can be known of it.
 */
import type { SnapshotPiece } from '../checkpoint/state/snapshot.ts'
import type { StateBackend } from '../checkpoint/state/state-backend.ts'
import type { SourceSnapshot, SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts'
import type { OutputChannel, OutputGate } from '../runtime/output-channel.ts'
import type { Slot } from '../runtime/slot.ts'
import type { Attention } from './chain/attention.ts'
import type { ChainOperator, CompiledChain } from './chain/chain.ts'
import type { CheckpointMode } from './checkpointing/barrier-aligner.ts'
import type { ChannelStateParts } from './checkpointing/channel-state.ts'
import type { Logger } from './logger.ts'
import type { Counter, OperatorContext, Output } from './operator.ts'
import type { SinkTail } from './sink-tail.ts'
import type { Subtask } from './subtask.ts'

/**
 * Where a subtask is in its life. `created`: built, nothing runs yet. `running`: takes input. `finishing`: input has ended, sinks are
 * flushing. `finished`: all it had to do is done. `failed`: an error ended it. `cancelled`: it was told to stop.
 */
export type SubtaskState = 'created' | 'running' | 'finishing' | 'finished' | 'failed' | 'cancelled'

/** Who a subtask is. */
export interface SubtaskIdentity {
  /** Name of the task: its operators, joined. */
  readonly taskName: string
  readonly taskId: number
  /** 0 to parallelism - 1. */
  readonly index: number
  readonly parallelism: number
  readonly maxParallelism: number
}

/** Who hears of the checkpoints of a subtask, and of its end. */
export interface SubtaskListener {
  /**
   * Pieces of its state for a checkpoint, which belong to whoever hears of them. `acknowledged` follows with the rest, or `declined`; or nothing, where a
   * failure ends it.
   */
  packed(subtask: Subtask, checkpointId: number, pieces: readonly SnapshotPiece[]): void
  /** Its part of a checkpoint, but for those pieces: what it needs to go on from there. Its own copy. */
  acknowledged(subtask: Subtask, checkpointId: number, snapshot: SubtaskSnapshot): void
  /** It has no part of this checkpoint, and goes on. */
  declined(subtask: Subtask, checkpointId: number, error: unknown): void
  /**
   * `snapshot` is its part of all checkpoints that it has not acknowledged. The operators are left out where there are no
   * checkpoints.
   */
  finished(subtask: Subtask, snapshot: SubtaskSnapshot): void
  failed(subtask: Subtask, error: unknown): void
}

/** What a subtask has done so far. */
export interface SubtaskMetrics {
  readonly taskName: string
  readonly taskId: number
  readonly subtaskIndex: number
  readonly slot: number
  readonly state: SubtaskState
  readonly recordsIn: number
  readonly recordsOut: number
  /** The part of `recordsOut` that was handed to sinks. */
  readonly recordsWritten: number
  /** Bytes that came over links; records that stay in their slot cost none. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Milliseconds; `MIN_TIMESTAMP` before the first watermark, `MAX_TIMESTAMP` after the last. */
  readonly watermark: number
  /** Shares of the time since the start, each 0 to 1, together 1. */
  readonly busy: number
  readonly idle: number
  readonly backpressured: number
  /** The operators' own counters, as `operator.counter`. */
  readonly counters: Readonly<Record<string, number>>
}

/** Where a subtask goes on after a restart: what operators don't know themselves. */
export interface RestoredSubtask {
  /** Event time that had been reached: comes before the first record. */
  readonly watermark: number
  /** Splits to be read to their end before others are asked for: this subtask's share. */
  readonly source?: readonly SourceSnapshot[] | undefined
}

/** The parts of a subtask, built by the deployment. */
export interface SubtaskParts {
  readonly slot: Slot
  readonly identity: SubtaskIdentity
  readonly chain: CompiledChain
  /** The one that the chain's loop asks too. */
  readonly attention: Attention
  readonly gate: OutputGate
  readonly channels: readonly OutputChannel[]
  readonly sinks: readonly SinkTail[]
  readonly listener: SubtaskListener
  /** The operators' own counters, as `operator.counter`; shared with what was built before the subtask. */
  readonly counters: Map<string, Counter>
  readonly logger: Logger
  /** Undefined: no checkpoints are made, so that nobody needs the state of operators at the end. */
  readonly checkpointMode?: CheckpointMode | undefined
  /** Whether checkpoints may have only what has changed in state. Default: false. */
  readonly incremental?: boolean
  /** Undefined: a first start. */
  readonly restored?: RestoredSubtask | undefined
  /** Undefined: barriers never overtake. */
  readonly channelState?: ChannelStateParts | undefined
  /** What belongs to an operator of the chain. */
  readonly surroundings: (element: ChainOperator) => OperatorSurroundings
}

/** What the deployment knows of an operator. */
export interface OperatorSurroundings {
  readonly uid: string
  readonly state: StateBackend
  /** The side outputs that are read, by tag. */
  readonly sides: ReadonlyMap<string, Output>
}

/** The counter with this name; new ones begin at 0. */
export function counterIn(counters: Map<string, Counter>, name: string): Counter {
  const known = counters.get(name)
  if (known !== undefined) return known
  const counter = { value: 0 }
  counters.set(name, counter)
  return counter
}

/** What an operator of the chain is given: `operator` is its place in the chain. */
export function operatorContext(
  parts: SubtaskParts,
  element: ChainOperator,
  operator: number,
): OperatorContext {
  const { slot, identity, logger, counters, attention } = parts
  const { index, parallelism, maxParallelism } = identity
  const { uid, state, sides } = parts.surroundings(element)
  return {
    operatorName: element.name,
    uid,
    subtaskIndex: index,
    parallelism,
    maxParallelism,
    clock: slot.clock,
    logger,
    state,
    random: slot.random,
    counter: (name) => counterIn(counters, `${element.name}.${name}`),
    badRecords: element.onBadRecord,
    sideOutput: (tag) => sides.get(tag),
    requestTime: (timeMs) => {
      attention.request(operator, timeMs)
    },
    wake: () => {
      attention.wake(operator)
    },
    hold: (held) => {
      attention.hold(operator, held)
    },
    whenSettled: slot.whenSettled,
  }
}
