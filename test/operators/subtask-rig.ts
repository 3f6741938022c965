/** A subtask on a slot of its own, with the ends of its chain in memory. */
import * as assert from 'uvu/assert'
import { SnapshotPieces } from '../../checkpoint/coordinator/snapshot-pieces.ts'
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { Attention } from '../../operators/chain/attention.ts'
import { compileChain, linearChain } from '../../operators/chain/chain.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import type { CheckpointMode } from '../../operators/checkpointing/barrier-aligner.ts'
import type { ChannelStateParts } from '../../operators/checkpointing/channel-state.ts'
import { SinkTail } from '../../operators/sink-tail.ts'
import type { SinkWriter } from '../../operators/sink.ts'
import type { Subtask } from '../../operators/subtask.ts'
import type { SubtaskParts } from '../../operators/subtask-parts.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'
import type { InputGate } from '../../runtime/input-gate.ts'
import {
  CHANNEL_CREDITS,
  LocalTransport,
  OutputChannel,
  OutputGate,
} from '../../runtime/output-channel.ts'
import type { Slot } from '../../runtime/slot.ts'
import { testBackend } from './operator-fakes.ts'
import { RecordingTransport, testSlot } from '../runtime/core-fakes.ts'

/** The surroundings of one subtask. */
export interface SubtaskRig {
  readonly slot: Slot
  readonly clock: ManualClock
  readonly gate: OutputGate
  readonly transport: RecordingTransport
  readonly channel: OutputChannel
  readonly heard: (readonly [what: 'finished' | 'failed' | 'declined', error?: unknown])[]
  /** What it has contributed to checkpoints, by id; `end`: at its end. */
  readonly snapshots: Map<number | 'end', SubtaskSnapshot>
  /** The same without the pieces that came before. */
  readonly acknowledged: readonly SubtaskSnapshot[]
  /** These pieces, by the id of the checkpoint. */
  readonly pieces: ReadonlyMap<number, SnapshotPieces>
  readonly parts: SubtaskParts
  /** Lets the slot and all promises run until nothing more follows. */
  readonly settle: () => Promise<void>
}

/** What the chain ends in: a channel with these credits (default: plenty), and a sink if there is a writer. */
export interface RigOptions {
  readonly elements?: readonly ChainElement[]
  readonly credits?: number
  readonly writer?: SinkWriter<unknown>
  readonly checkpointMode?: CheckpointMode
  /** Where barriers may overtake. Default: nowhere. */
  readonly channelState?: ChannelStateParts
  /** The subtask goes on from what one like it has contributed to a checkpoint. */
  readonly restored?: SubtaskSnapshot | undefined
  /** Another subtask, on whose slot this one is. */
  readonly beside?: Pick<SubtaskRig, 'slot' | 'clock'>
  /** The input of another subtask that its channel leads to. */
  readonly to?: { readonly inputs: InputGate; readonly index: number }
}

/** Makes the parts of a subtask; `owner` is asked for when its sink fails. */
export function subtaskRig(options: RigOptions, owner: () => Subtask): SubtaskRig {
  const clock = options.beside?.clock ?? new ManualClock()
  const slot = options.beside?.slot ?? testSlot(clock)
  const gate = new OutputGate()
  const transport = new RecordingTransport()
  const { to } = options
  const way = to === undefined ? transport : new LocalTransport(to.inputs, to.index)
  const plenty = to === undefined ? 1_000 : CHANNEL_CREDITS
  const channel = new OutputChannel(1, slot, gate, way, options.credits ?? plenty)
  to?.inputs.setCreditTarget(to.index, { kind: 'local', output: channel })
  const failure = { operatorName: 'sink', subtaskIndex: 0 }
  const fail = (error: unknown): void => {
    owner().turnFailed(error)
  }
  gate.onError = fail
  const sinks: SinkTail[] = []
  if (options.writer !== undefined) {
    const tail = new SinkTail(slot, gate, { ...failure, uid: 'sink uid' }, fail)
    tail.setWriter(options.writer)
    sinks.push(tail)
  }
  const output = {
    emit: (value: unknown, timestamp: number) => {
      channel.append(value, timestamp)
      for (const sink of sinks) sink.emit(value, timestamp)
    },
    get full() {
      return gate.full
    },
  }
  const chain = linearChain(options.elements ?? [], { name: 'out', output })
  const attention = new Attention(clock)
  const { restored } = options
  const heard: (readonly ['finished' | 'failed' | 'declined', unknown?])[] = []
  const snapshots = new Map<number | 'end', SubtaskSnapshot>()
  const acknowledged: SubtaskSnapshot[] = []
  const pieces = new Map<number, SnapshotPieces>()
  return {
    slot,
    clock,
    gate,
    transport,
    channel,
    heard,
    snapshots,
    acknowledged,
    pieces,
    parts: {
      slot,
      identity: { taskName: 'task', taskId: 4, index: 0, parallelism: 1, maxParallelism: 128 },
      chain: compileChain(chain, { subtaskIndex: 0, gate, hold: attention }),
      attention,
      gate,
      channels: [channel],
      sinks,
      listener: {
        packed: ({ identity }, id, list) => {
          const known = pieces.get(id) ?? new SnapshotPieces()
          pieces.set(id, known)
          known.add({ taskId: identity.taskId, subtaskIndex: identity.index }, list)
        },
        acknowledged: ({ identity }, id, snapshot) => {
          assert.not(snapshots.has(id), `${id} was acknowledged twice`)
          const name = { taskId: identity.taskId, subtaskIndex: identity.index }
          acknowledged.push(snapshot)
          snapshots.set(id, (pieces.get(id) ?? new SnapshotPieces()).join(name, snapshot))
        },
        declined: (_, id, error) => heard.push(['declined', error]),
        finished: (_, snapshot) => {
          snapshots.set('end', snapshot)
          heard.push(['finished'])
        },
        failed: (_, error) => heard.push(['failed', error]),
      },
      counters: new Map(),
      checkpointMode: options.checkpointMode,
      channelState: options.channelState,
      restored: restored && {
        watermark: restored.watermark,
        source: restored.source && [restored.source],
      },
      logger: { log: () => {} },
      surroundings: ({ name }) => ({
        uid: name,
        state: testBackend(name, clock, restored?.operators),
        sides: new Map(),
      }),
    },
    settle: async () => {
      for (let i = 0; i < 20; i++) {
        while (slot.turn()) continue
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
      }
    },
  }
}
