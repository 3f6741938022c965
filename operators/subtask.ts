/**
 * A subtask: one parallel instance of a chain, as an actor. What sources and inner subtasks have in common.
 *
 * Driven by its slot: `turn` does a bounded number of steps, each of which continues what is under way before it takes anything new.
 * Life cycle:
 *
 *     created ──start──► running ──input ended──► finishing ──sinks flushed──► finished
 *        │                  │                        │
 *        └──────────────────┴── failed / cancelled ◄─┘
 *
 * After an error or a cancel it does nothing more. Sinks end well only when the whole job has finished (`commit`).
 *
 * A checkpoint, while running, between two turns of input when nothing is half done:
 *
 *     state of operators and source is cut ──► barrier to all outputs ──► sinks prepare, nothing is taken ──► acknowledged
 *                └── cannot be cut: declined, the barrier goes on     └──► state is packed, turn by turn ──┘
 *
 * A newer checkpoint that comes before all is packed takes the place of the older one, which is declined.
 * One that would come when the input has ended and is being finished is passed over: what follows the last record, the end, counts
 * as its barrier. What a finished subtask contributes goes with `finished`.
 */
import type {
  SinkSnapshot,
  SourceSnapshot,
  SubtaskSnapshot,
} from '../checkpoint/subtask-snapshot.ts'
import { LoadMeter } from '../runtime/load-meter.ts'
import type { Progress } from '../runtime/load-meter.ts'
import type { OutputGate } from '../runtime/output-channel.ts'
import type { Slot, SlotActor } from '../runtime/slot.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../mailbox/time.ts'
import type { Attention } from './chain/attention.ts'
import type { CompiledChain } from './chain/chain.ts'
import type { ChannelRecorder, RecorderListener } from './checkpointing/channel-recorder.ts'
import { IncrementChain } from './checkpointing/increment-chain.ts'
import { OutputBarriers } from './checkpointing/output-barriers.ts'
import { SnapshotUnderWay } from './checkpointing/snapshot-under-way.ts'
import type { SubtaskContents } from './checkpointing/snapshot-under-way.ts'
import { StateRestore } from './checkpointing/state-restore.ts'
import { SubtaskSnapshots } from './checkpointing/subtask-snapshots.ts'
import { subtaskMetrics } from './subtask-metrics.ts'
import { operatorContext } from './subtask-parts.ts'
import type {
  SubtaskIdentity,
  SubtaskMetrics,
  SubtaskParts,
  SubtaskState,
} from './subtask-parts.ts'
import { PausableClock } from './time/pausable-clock.ts'

/** Steps in one turn, so that the other actors of the slot get theirs. */
const STEPS_PER_TURN = 8

/** What is in flight to a subtask whose checkpoint overtakes. */
export interface RecordedInputs {
  readonly recorder?: ChannelRecorder | undefined
  /** It cannot be packed: the checkpoint is declined. */
  readonly failure?: unknown
}

/** What all subtasks share. */
export abstract class Subtask implements SlotActor {
  readonly label: string
  scheduled = false
  readonly meter: LoadMeter
  readonly identity: SubtaskIdentity
  protected readonly slot: Slot
  protected readonly chain: CompiledChain
  protected readonly gate: OutputGate
  protected recordsIn = 0
  protected watermark = MIN_TIMESTAMP
  /** A checkpoint does not wait until there is room: `overtake` comes before anything else. */
  protected urgent = false
  readonly #parts: SubtaskParts
  readonly #attention: Attention
  #state: SubtaskState = 'created'
  /** The watermark that has gone out: behind `watermark` while an operator holds it back. */
  #forwarded = MIN_TIMESTAMP
  /** A watermark has gone a part of the way through the chain. */
  #watermarkUnderWay = false
  #finishingInput = false
  #endInputDone = false
  /** The newest checkpoint that it has a part of, or has declined. */
  #checkpointId = -1
  readonly #snapshots: SubtaskSnapshots
  readonly #increments: IncrementChain
  readonly #restore: StateRestore
  readonly #outputs: OutputBarriers
  /** Sinks prepare for a checkpoint: no other may begin. */
  #preparing = false
  /** Behind the barrier of this checkpoint nothing follows. */
  #suspendsAfter: number | undefined
  #suspended = false
  /** Whether somebody needs the state of operators at the end. */
  #keepsState: boolean
  /** Event time that was reached before the end of the input. */
  #reached = MIN_TIMESTAMP
  /** Event time before a restore: comes first, or answers to restored records would get ahead of a watermark that they are late for. */
  readonly #restoredWatermark: number
  /** Stands still while no input can be taken, if somebody wants to know. */
  #activeClock: PausableClock | undefined

  constructor(parts: SubtaskParts) {
    const { identity, slot } = parts
    this.#parts = parts
    this.#restoredWatermark = parts.restored?.watermark ?? MIN_TIMESTAMP
    this.#keepsState = parts.checkpointMode !== undefined
    this.identity = identity
    this.label = `${identity.taskName}[${identity.index}]`
    this.slot = slot
    this.#increments = new IncrementChain(parts.incremental === true)
    this.#snapshots = new SubtaskSnapshots(slot.clock, this.label, {
      packed: (id, pieces) => {
        parts.listener.packed(this, id, pieces)
      },
      acknowledged: (id, snapshot, packedBytes) => {
        this.#increments.acknowledged(id, snapshot, packedBytes)
        parts.listener.acknowledged(this, id, snapshot)
      },
      declined: (id, error) => {
        parts.listener.declined(this, id, error)
      },
    })
    this.#outputs = new OutputBarriers(parts.channels, parts.channelState, slot.clock)
    this.chain = parts.chain
    this.#restore = new StateRestore(parts.chain)
    this.gate = parts.gate
    this.meter = new LoadMeter(slot.clock.monotonicMs())
    const ready = (): void => {
      slot.ready(this)
    }
    this.gate.onRoom = ready
    this.#attention = parts.attention
    this.#attention.onPending = ready
  }

  get state(): SubtaskState {
    return this.#state
  }

  /** Opens the operators. Before `start`. */
  open(): void {
    this.chain.open((element, index) => operatorContext(this.#parts, element, index))
  }

  /** Lets it take input. */
  start(): void {
    if (this.#state !== 'created') return
    this.#state = 'running'
    this.meter.restart(this.slot.clock.monotonicMs())
    this.slot.ready(this)
  }

  turn(): Progress {
    const isRunning = this.#state === 'running'
    if (isRunning && this.#snapshots.packing) this.#snapshots.pack()
    else if (isRunning) this.#restore.goOn(this.slot.clock)
    const progress = this.#steps()
    this.#activeClock?.setPaused(progress === 'blocked' || this.aligning)
    const hasMore = this.#snapshots.packing || !this.#restore.isDone
    return hasMore && this.#state === 'running' ? 'more' : progress
  }

  #steps(): Progress {
    for (let step = 0; step < STEPS_PER_TURN; step++) {
      if (this.#state !== 'running' || this.#suspended) return 'idle'
      if (this.urgent && !this.#preparing) this.overtake()
      if (this.gate.full) return 'blocked'
      if (this.#restoredWatermark > this.watermark) {
        this.advanceWatermark(this.#restoredWatermark)
        continue
      }
      if (this.#attention.pending) {
        if (this.chain.attend(this.#attention)) this.#forwardWatermark()
        continue
      }
      if (this.#attention.held) {
        if (this.heldStep()) continue
        return 'blocked'
      }
      if (!this.step()) return this.gate.full ? 'blocked' : 'idle'
    }
    return 'more'
  }

  turnFailed(error: unknown): void {
    this.fail(error)
  }

  /** Stops it. Nothing more comes out; `abort` cleans up. */
  cancel(): void {
    if (this.#state === 'finished' || this.#state === 'failed') return
    this.#state = 'cancelled'
  }

  /** Does nothing more behind the barrier of this checkpoint, until `resume`. An end that comes before stays the end. */
  suspendAfter(checkpointId: number): void {
    this.#suspendsAfter = checkpointId
  }

  /** This checkpoint has all state, and none builds on it. Before its barriers. */
  standAlone(checkpointId: number): void {
    this.#increments.standAlone(checkpointId)
  }

  /** A checkpoint is complete: later ones may build on it. */
  checkpointComplete(checkpointId: number): void {
    this.#increments.completed(checkpointId)
  }

  /** Its last snapshot has the state of operators, although no checkpoints are made. Before its input ends. */
  keepState(): void {
    this.#keepsState = true
  }

  /** Goes on where `suspendAfter` has stopped it, or does not stop there. */
  resume(): void {
    this.#suspendsAfter = undefined
    this.#suspended = false
    this.slot.ready(this)
  }

  /** The whole job has finished: the sinks end well. */
  async commit(): Promise<void> {
    for (const sink of this.#parts.sinks) await sink.commit()
  }

  /** The job has stopped with a savepoint that is committed: what it holds stays for whoever goes on from there. Throws the first error of a sink. */
  async stop(): Promise<void> {
    this.cancel()
    for (const sink of this.#parts.sinks) await sink.stop()
  }

  /**
   * The job is over and did not finish, or goes on elsewhere (`keepPrepared`): the sinks remove what must not be seen. All are tried;
   * throws the first error.
   */
  async abort(keepPrepared = false): Promise<void> {
    const results = await Promise.allSettled(
      this.#parts.sinks.map((sink) => sink.abort(keepPrepared)),
    )
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Closes the operators. After the end, whatever it was. */
  close(): void {
    this.#snapshots.close()
    this.#outputs.close()
    this.#attention.close()
    this.chain.close()
  }

  /** What it has done so far. */
  metrics(): SubtaskMetrics {
    return subtaskMetrics(this.#parts, {
      state: this.#state,
      recordsIn: this.recordsIn,
      bytesIn: this.bytesIn(),
      watermark: this.watermark,
      load: this.meter.read(this.slot.clock.monotonicMs()),
    })
  }

  /** A clock that stands still while this subtask can't take input, because there is no room behind it. */
  protected activeClock(): PausableClock {
    if (this.#activeClock !== undefined) return this.#activeClock
    const clock = new PausableClock(this.slot.clock)
    const { onRoom } = this.gate
    this.gate.onFull = () => {
      clock.setPaused(true)
    }
    this.gate.onRoom = () => {
      clock.setPaused(false)
      onRoom()
    }
    this.#activeClock = clock
    return clock
  }

  /** One step of input. False when there is nothing to do before something new arrives. */
  protected abstract step(): boolean

  /**
   * One step of input while an operator takes no records, so that no barrier waits for that. False when nothing can be done before it
   * takes them again.
   */
  protected abstract heldStep(): boolean

  /** Whether some input is not taken because others have not come to the same barrier. */
  protected abstract readonly aligning: boolean

  /** Where the source stands, if it is one. Asked when no batch is under way. Errors: `UNSENDABLE_VALUE`. */
  protected abstract sourceSnapshot(): SourceSnapshot | undefined

  /** Whether a watermark may have gone a part of the way: nothing can be snapshot then. */
  protected get watermarkUnderWay(): boolean {
    return this.#watermarkUnderWay
  }

  /** Whether the input has ended and that is being told to the chain: checkpoints are passed over. */
  protected get finishingInput(): boolean {
    return this.#finishingInput
  }

  /** Looks at what made it `urgent`, and takes part in a checkpoint that is due, whether or not there is room behind. */
  protected abstract overtake(): void

  /** Ends what the chain is in the middle of, so that a snapshot can be taken; `watermark` is the one under way. While the gate is lifted. */
  protected endHalfDone(watermark: number): void {
    this.advanceWatermark(this.#restoredWatermark)
    if (this.#attention.pending && this.chain.attend(this.#attention)) this.#forwardWatermark()
    if (this.#watermarkUnderWay) this.advanceWatermark(watermark)
  }

  /** Whether an operator takes no records. */
  protected get held(): boolean {
    return this.#attention.held
  }

  /** Event time to go on from after a restore: what is reached, or comes before anything else. */
  protected get dueWatermark(): number {
    return this.watermark
  }

  /** Bytes that came in over links. */
  protected abstract bytesIn(): number

  /** Ends the subtask with an error. */
  protected fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'cancelled') return
    this.#state = 'failed'
    this.#parts.listener.failed(this, error)
  }

  /** Hands a watermark through the chain and on. False: call again, there is no room behind. */
  protected advanceWatermark(watermark: number): boolean {
    if (watermark <= this.watermark) return true
    this.#watermarkUnderWay = !this.chain.processWatermark(watermark)
    if (this.#watermarkUnderWay) return false
    this.watermark = watermark
    if (watermark < MAX_TIMESTAMP) this.#reached = watermark
    this.#forwardWatermark()
    return true
  }

  #forwardWatermark(): void {
    const watermark = Math.min(this.watermark, this.chain.outputWatermark)
    if (watermark <= this.#forwarded) return
    const isRestored = this.#forwarded === MIN_TIMESTAMP && this.#parts.restored !== undefined
    this.#forwarded = watermark
    for (const channel of this.#parts.channels) {
      // Records that were late before a restart must not get ahead of the watermark that says so.
      if (isRestored) channel.event({ kind: 'watermark', timestamp: watermark })
      else channel.watermark(watermark)
    }
  }

  /** Tells the next subtasks not to wait for this one. */
  protected emitIdle(): void {
    this.chain.handOn()
    for (const channel of this.#parts.channels) channel.event({ kind: 'idle' })
  }

  /** Tells them to wait again. Said by the last watermark, for the next subtasks take whatever comes as a sign of life. */
  protected emitActive(): void {
    for (const channel of this.#parts.channels)
      channel.event({ kind: 'watermark', timestamp: this.#forwarded })
  }

  /** All input has ended. False: call again, there is no room behind. */
  protected finishInput(): boolean {
    this.#finishingInput = true
    if (!this.advanceWatermark(MAX_TIMESTAMP)) return false
    if (!this.#endInputDone && !this.chain.endInput()) return false
    this.#endInputDone = true
    this.#forwardWatermark()
    // The last checkpoint is completed first: turns go on until it is packed.
    this.#outputs.settle()
    if (this.#snapshots.underWay) return false
    // The last records of another channel may have turned out to be unsendable, which no exception says.
    if (this.#state !== 'running') return true
    const operators = this.#keepsState ? this.chain.snapshot() : []
    const contents = { ...this.#contents(true), operators, channels: [] }
    this.#state = 'finishing'
    this.#prepareSinks(true, (sinks) => {
      this.#finish({ ...contents, sinks: this.#snapshots.withPrepared(sinks) })
    })
    return true
  }

  /**
   * Takes its part of a checkpoint. To be called when nothing is half done: no batch, no watermark, no call of the chain that found no
   * room; but a batch whose rest `recorder` has. From `alignedUntilMs` on its barriers overtake. An older one than the last has no effect.
   */
  protected checkpoint(
    checkpointId: number,
    alignedUntilMs = Infinity,
    inputs: RecordedInputs = {},
  ): void {
    if (checkpointId <= this.#checkpointId || this.#finishingInput) {
      inputs.recorder?.giveUp()
      return
    }
    this.#checkpointId = checkpointId
    this.#suspended = checkpointId === this.#suspendsAfter
    this.chain.handOn()
    const { sinks } = this.#parts
    const snapshot = this.#snapshots.begin(checkpointId, () => {
      if (inputs.failure !== undefined) throw inputs.failure
      const { cut, ...built } = this.#increments.cut(checkpointId, this.chain)
      return new SnapshotUnderWay(checkpointId, { ...this.#contents(false), ...built }, cut)
    })
    // Also of a checkpoint that has no chance any more: whoever aligns inputs must not wait for this one.
    const leaving = snapshot && this.#recording(snapshot)
    this.#outputs.send(checkpointId, alignedUntilMs, leaving)
    // The last records of a channel may turn out to be unsendable.
    if (snapshot === undefined || this.#state !== 'running') {
      inputs.recorder?.giveUp()
      return
    }
    inputs.recorder?.listen(this.#recording(snapshot))
    this.#snapshots.pack()
    if (sinks.length === 0) {
      this.#snapshots.prepared(snapshot, [])
      return
    }
    this.gate.block()
    this.#preparing = true
    this.#prepareSinks(false, (prepared) => {
      this.#preparing = false
      if (this.#state !== 'running') return
      this.#snapshots.prepared(snapshot, prepared)
      this.gate.unblock()
      if (this.urgent) this.slot.ready(this)
    })
  }

  /** Waits for what is in flight, of all inputs or of all outputs. */
  #recording(snapshot: SnapshotUnderWay): RecorderListener {
    snapshot.awaitRecorder()
    return {
      done: (channels) => {
        this.#snapshots.recorded(snapshot, channels)
        // It may have waited for that with its end.
        this.slot.ready(this)
      },
      failed: (error) => {
        this.#snapshots.recordingFailed(snapshot, error)
        this.slot.ready(this)
      },
    }
  }

  #contents(finished: boolean): SubtaskContents {
    // The last watermark says that nothing follows, which is not so for whoever goes on from there.
    const watermark = finished ? this.#reached : this.dueWatermark
    return { source: this.sourceSnapshot(), watermark, finished }
  }

  #prepareSinks(last: boolean, then: (prepared: readonly SinkSnapshot[]) => void): void {
    const prepared = Promise.all(this.#parts.sinks.map((sink) => sink.prepare(last)))
    this.slot.whenSettled(prepared, then, (error) => {
      this.fail(error)
    })
  }

  #finish(snapshot: SubtaskSnapshot): void {
    if (this.#state !== 'finishing') return
    for (const channel of this.#parts.channels) channel.event({ kind: 'end' })
    // The last records of a channel may turn out to be unsendable.
    if (this.state !== 'finishing') return
    this.#state = 'finished'
    this.#parts.listener.finished(this, snapshot)
  }
}
