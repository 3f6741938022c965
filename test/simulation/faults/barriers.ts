/** Mistakes between a barrier and the acknowledgement. */
import { JobCheckpoints } from '../../../api/execution/job-checkpoints.ts'
import { OutputChannel } from '../../../runtime/output-channel.ts'
import type { ChannelEvent } from '../../../runtime/output-channel.ts'
import { BarrierAligner } from '../../../operators/checkpointing/barrier-aligner.ts'
import { SnapshotUnderWay } from '../../../operators/checkpointing/snapshot-under-way.ts'
import { SubtaskSnapshots } from '../../../operators/checkpointing/subtask-snapshots.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import { Subtask } from '../../../operators/subtask.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { coProcess } from '../shapes/co-process.ts'
import { diamond } from '../shapes/diamond.ts'
import { keyedWindows } from '../shapes/keyed-windows.ts'
import { union } from '../shapes/union.ts'
import type { Fault } from './fault.ts'
import { patch, undoAll } from './patch.ts'

/** What the class has, and does not show to everybody. */
interface Checkpointing {
  checkpoint(checkpointId: number, ...more: unknown[]): void
}
interface Stepping {
  step(): boolean
  readonly inputs: { take(): unknown }
  readonly label: string
}

type CheckpointArgs = Parameters<Checkpointing['checkpoint']>

const checkpointing = Subtask.prototype as unknown as Checkpointing
const stepping = InputSubtask.prototype as unknown as Stepping

/** See the head of this file. */
export const BARRIERS: readonly Fault[] = [
  {
    name: 'one channel is aligned, the others are not waited for',
    shape: union,
    kinds: ['actor'],
    install: () => {
      const newest = new WeakMap<object, number>()
      return patch(BarrierAligner.prototype, 'barrier', () => {
        return function (_channel, checkpointId) {
          const isNew = checkpointId > (newest.get(this) ?? -1)
          if (isNew) newest.set(this, checkpointId)
          return { unblock: [], block: [], reached: isNew ? checkpointId : undefined }
        }
      })
    },
  },
  {
    name: 'records behind a barrier are taken while others are waited for',
    shape: coProcess,
    kinds: ['actor'],
    install: () =>
      patch(BarrierAligner.prototype, 'barrier', (original) => {
        return function (channel, checkpointId) {
          return { ...original.call(this, channel, checkpointId), block: [] }
        }
      }),
  },
  {
    name: 'a barrier is overtaken by the records behind it',
    shape: diamond,
    kinds: ['actor'],
    install: () => {
      const held = new WeakMap<OutputChannel, ChannelEvent>()
      let release: (channel: OutputChannel) => void = () => {}
      return undoAll([
        patch(OutputChannel.prototype, 'event', (original) => {
          release = (channel) => {
            const barrier = held.get(channel)
            held.delete(channel)
            if (barrier !== undefined) original.call(channel, barrier)
          }
          return function (event) {
            release(this)
            if (event.kind === 'barrier') held.set(this, event)
            else original.call(this, event)
          }
        }),
        patch(OutputChannel.prototype, 'append', (original) => {
          return function (value, timestamp) {
            original.call(this, value, timestamp)
            release(this)
          }
        }),
      ])
    },
  },
  {
    name: 'the snapshot is taken after what follows the barrier',
    shape: keyedWindows,
    kinds: ['actor'],
    install: () => {
      const deferred = new WeakMap<object, { readonly args: CheckpointArgs; steps: number }>()
      let checkpoint: (this: Checkpointing, ...args: CheckpointArgs) => void = () => {}
      return undoAll([
        patch(checkpointing, 'checkpoint', (original) => {
          checkpoint = original
          return function (...args) {
            if (this instanceof InputSubtask) deferred.set(this, { args, steps: 0 })
            else original.apply(this, args)
          }
        }),
        patch(stepping, 'step', (original) => {
          return function () {
            const progress = original.call(this)
            const waiting = deferred.get(this)
            // A batch is taken in one step, and has gone through in another.
            if (waiting !== undefined && ++waiting.steps > 3) {
              deferred.delete(this)
              checkpoint.apply(this as unknown as Checkpointing, waiting.args)
            }
            return progress
          }
        }),
      ])
    },
  },
  {
    name: 'a checkpoint is acknowledged before the state is taken: with the state of the one before',
    shape: keyedWindows,
    kinds: ['actor'],
    install: () => {
      const owners = new WeakMap<object, object>()
      const before = new WeakMap<object, SubtaskSnapshot['operators']>()
      return undoAll([
        patch(SubtaskSnapshots.prototype, 'begin', (original) => {
          return function (checkpointId, cut) {
            const snapshot = original.call(this, checkpointId, cut)
            if (snapshot !== undefined) owners.set(snapshot, this)
            return snapshot
          }
        }),
        patch(SnapshotUnderWay.prototype, 'finish', (original) => {
          return function (sinks) {
            const snapshot = original.call(this, sinks)
            const owner = owners.get(this) ?? this
            const operators = before.get(owner) ?? []
            before.set(owner, snapshot.operators)
            return { ...snapshot, operators }
          }
        }),
      ])
    },
  },
  {
    name: 'a frame of an earlier attempt is taken',
    shape: diamond,
    kinds: ['actor'],
    install: () => {
      const last = new Map<string, unknown>()
      const known = new WeakSet<object>()
      const restoring = patch(JobCheckpoints.prototype, 'restore', (original) => {
        return async function (graph, plan) {
          const job = await original.call(this, graph, plan)
          // Another run of a job has nothing of the one before.
          if (job === undefined) last.clear()
          return job
        }
      })
      const stale = patch(stepping, 'step', (original) => {
        return function () {
          if (!known.has(this)) {
            known.add(this)
            withStaleFrame(this, last)
          }
          return original.call(this)
        }
      })
      return undoAll([restoring, stale])
    },
  },
]

/** Behind its first batch a subtask finds the last one of the subtask that had its name before. */
function withStaleFrame({ inputs, label }: Stepping, last: Map<string, unknown>): void {
  const take = inputs.take.bind(inputs)
  let stale = last.get(label)
  let waits = true
  inputs.take = () => {
    if (!waits && stale !== undefined) {
      const frame = stale
      stale = undefined
      return frame
    }
    const item = take()
    if (typeof item === 'object' && item !== null && 'values' in item) {
      waits = false
      last.set(label, structuredClone(item))
    }
    return item
  }
}
