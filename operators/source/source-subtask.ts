/**
 * The subtask that reads a source: asks for splits, reads them batch by batch, and makes timestamps and watermarks.
 *
 * It keeps up to `splitsAtOnce` splits open and takes a batch from each in turn. Everything it waits for (a split, a reader, a
 * batch) comes back by `slot.whenSettled`; meanwhile it is idle, not blocked, and a split that waits does not stop the others.
 *
 *     asking for a split ──► opening it ──► open: a batch now and then ──► closed ──► asking …  ──► no more splits: end
 */
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { BadRecord, BadRecordHandler } from '../bad-records.ts'
import type { SourceSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { OVERTAKEN } from '../../runtime/output-channel.ts'
import { plainCopy } from '../connector-checks.ts'
import { operatorError } from '../operator-error.ts'
import type { Source } from '../source.ts'
import { Subtask } from '../subtask.ts'
import type { SubtaskParts } from '../subtask-parts.ts'
import { Alarm } from '../time/alarm.ts'
import { GeneratedTime } from '../time/generated-time.ts'
import type { WatermarkStrategy } from '../time/watermarks.ts'
import { OpenSplit } from './open-split.ts'
import type { SplitSurroundings } from './open-split.ts'
import { RecordStamper } from './record-stamper.ts'
import { SplitOpener } from './split-opener.ts'
import type { OpenedSplit, SplitPosition } from './split-opener.ts'

/** Records that a reader is asked for at once. */
const READ_BATCH = 1024
/** The longest that watermarks wait for the first splits to be all there. */
const FIRST_SPLITS_PATIENCE_MS = 1_000
/** Waited for one after the other: where the machine slept meanwhile, or the clock jumped, one of them is over, and not the whole wait. */
const PATIENCE_PARTS = 5

/** What a source subtask needs besides what every subtask needs. */
export interface SourceParts extends SubtaskParts {
  readonly source: Source<unknown>
  /** Name of the source operator, for errors. */
  readonly sourceName: string
  /** Its uid, for checkpoints. */
  readonly sourceUid: string
  /** Event time of a record; undefined: the reader says, or there is none. */
  readonly timestamp: ((value: never) => number) | undefined
  /** Undefined: no watermark before the final one. */
  readonly watermarks: WatermarkStrategy<never> | undefined
  /** How often periodic generators are asked whose strategy does not say. Default: 200 ms. */
  readonly watermarkIntervalMs?: number | undefined
  /** Who takes the records that can't be read or have no valid time; undefined where the first one fails the job. */
  readonly badRecords?: BadRecordHandler | undefined
  /** The next split for this subtask, from the enumerator on the coordinator; undefined when there is none left. */
  readonly nextSplit: () => Promise<{ readonly split: unknown } | undefined>
  /** Tells the coordinator how far this subtask has come; `MAX_TIMESTAMP`: nobody needs to wait for it. For aligned watermarks. */
  readonly announceWatermark?: ((watermark: number) => void) | undefined
}

/** The subtask of a source. */
export class SourceSubtask extends Subtask {
  readonly bringsWork = true
  readonly #source: SourceParts
  readonly #abort = new AbortController()
  readonly #opener: SplitOpener
  readonly #splitsAtOnce: number
  readonly #time: GeneratedTime | undefined
  readonly #around: SplitSurroundings
  readonly #stamper: RecordStamper
  readonly #splits: OpenSplit[] = []
  /** Whose turn it is among the splits. */
  #turn = 0
  #asking = false
  /** The enumerator has no more splits. */
  #exhausted = false
  /** Rings when a part of the wait for the first splits is over. */
  readonly #patience: Alarm
  #patienceLeft = PATIENCE_PARTS
  #toldIdle = false
  /** What readers could not make records of, told at the next step, before the batch that it came with. */
  #bad: readonly BadRecord[] = []
  /** The checkpoint that it has been asked for and has not begun. */
  #dueCheckpoint: number | undefined
  /** It is to read nothing more. */
  #drained = false
  /** Until when its barriers keep their places. */
  #alignedUntilMs = Infinity
  /** Rings when the checkpoint may not wait for room any more. */
  readonly #alignment: Alarm
  /** The split whose batch is under way. */
  #reading: OpenSplit | undefined
  #values: readonly unknown[] = []
  #next = 0
  /** Where the watermark is looked at: the end of the batch, or a record before. */
  #pausesAt = 0

  constructor(parts: SourceParts) {
    super(parts)
    const { identity, slot, source, watermarks } = parts
    this.#source = parts
    this.#opener = new SplitOpener({
      source,
      context: {
        subtaskIndex: identity.index,
        parallelism: identity.parallelism,
        batchSize: READ_BATCH,
        signal: this.#abort.signal,
      },
      takesBadRecords: parts.badRecords !== undefined,
      nextSplit: parts.nextSplit,
      wanted: () => this.state === 'running',
      restored: parts.restored?.source ?? [],
    })
    this.#splitsAtOnce = source.splitsAtOnce ?? 1
    this.#stamper = new RecordStamper(READ_BATCH, {
      operatorName: parts.sourceName,
      subtaskIndex: identity.index,
      timestamp: parts.timestamp,
      badRecords: parts.badRecords,
    })
    const ready = (): void => {
      if (this.state === 'running') slot.ready(this)
    }
    this.#around = {
      clock: slot.clock,
      whenSettled: slot.whenSettled,
      onReady: ready,
      onError: (error) => {
        if (this.state === 'running') this.fail(error)
      },
    }
    this.#time = watermarks === undefined ? undefined : this.#timeOf(watermarks, ready)
    this.#alignment = new Alarm(slot.clock, () => {
      this.urgent = this.#dueCheckpoint !== undefined
      ready()
    })
    this.#patience = new Alarm(slot.clock, () => {
      if (--this.#patienceLeft > 0) {
        this.#patience.set(FIRST_SPLITS_PATIENCE_MS / PATIENCE_PARTS)
        return
      }
      this.#gathered()
      ready()
    })
  }

  override start(): void {
    if (this.state !== 'created') return
    super.start()
    this.#time?.start()
    if (this.#time === undefined || this.#splitsAtOnce === 1) return
    // What the later of the first splits bring must not come behind the watermark of the earlier ones.
    this.#time.setGathering(true)
    this.#patience.set(FIRST_SPLITS_PATIENCE_MS / PATIENCE_PARTS)
  }

  override cancel(): void {
    super.cancel()
    this.#abort.abort()
  }

  override async commit(): Promise<void> {
    await this.#closeReaders()
    await super.commit()
  }

  override async stop(): Promise<void> {
    const closed = this.#closeReaders()
    await super.stop()
    await closed
  }

  /**
   * Reads nothing more, as if its input had ended here: the last watermark and the end of input follow. Its last snapshot says where it
   * stood, for whoever goes on from there.
   */
  drain(): void {
    this.#drained = true
    this.#around.onReady()
  }

  override async abort(keepPrepared = false): Promise<void> {
    this.#abort.abort()
    // Side by side: a reader that can't be closed must not keep half-written output.
    const results = await Promise.allSettled([this.#closeReaders(), super.abort(keepPrepared)])
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
    }
  }

  override close(): void {
    this.#patience.cancel()
    this.#alignment.cancel()
    this.#time?.stop()
    super.close()
  }

  /** The splits that it has been given and not read to their end, each with its position. Between two batches. */
  positions(): SplitPosition[] {
    const open = this.#splits.filter(({ closing }) => !closing)
    return [...open.map(({ position }) => position), ...this.#opener.positions]
  }

  /**
   * Begins a checkpoint as soon as nothing is half done: takes its part and sends the barrier. No effect when it is older than the
   * last one, or when the subtask has no more input to read: its end counts as the barrier. After `alignedForMs` barriers overtake, and this
   * subtask does not wait for room. Default: never.
   */
  triggerCheckpoint(checkpointId: number, alignedForMs = Infinity): void {
    if (this.#dueCheckpoint !== undefined && this.#dueCheckpoint >= checkpointId) return
    this.#dueCheckpoint = checkpointId
    this.#alignment.cancel()
    this.urgent = alignedForMs <= 0
    this.#alignedUntilMs = this.urgent ? OVERTAKEN : this.slot.clock.now() + alignedForMs
    if (!this.urgent && alignedForMs !== Infinity) this.#alignment.set(alignedForMs)
    this.slot.ready(this)
  }

  /** The smallest watermark of an alignment group is this now. Ignored where this source belongs to another group, or to none. */
  alignTo(group: string, watermark: number): void {
    if (this.#time?.follow(group, watermark) === true) this.#around.onReady()
  }

  protected override bytesIn(): number {
    return 0
  }

  protected override fail(error: unknown): void {
    this.#abort.abort()
    const { sourceName: operatorName, identity } = this.#source
    super.fail(operatorError({ operatorName, subtaskIndex: identity.index }, error))
  }

  protected override step(): boolean {
    if (this.#bad.length > 0) this.#reportBad()
    if (this.#reading !== undefined) return this.#continueBatch(this.#reading)
    if (this.#time !== undefined && this.#followTime(this.#time)) return true
    if (this.#beginCheckpoint()) return true
    if (this.#drained) {
      this.#time?.stop()
      return this.finishInput()
    }
    if (!this.#asking && !this.#exhausted && this.#splits.length < this.#splitsAtOnce) {
      this.#askForSplit()
    }
    const split = this.#nextReadable()
    if (split !== undefined) {
      this.#read(split)
      return true
    }
    if (!this.#exhausted || this.#splits.length > 0) return false
    this.#time?.stop()
    return this.finishInput()
  }

  protected override heldStep(): boolean {
    const atRest = this.#reading === undefined && this.#bad.length === 0 && !this.watermarkUnderWay
    return atRest && this.#beginCheckpoint()
  }

  protected override get aligning(): boolean {
    return false
  }

  protected override sourceSnapshot(): SourceSnapshot {
    const { sourceUid: uid, sourceName: operatorName, identity } = this.#source
    try {
      const open = this.positions().map(({ split, position }) => ({
        split,
        position: plainCopy(position, 'position'),
      }))
      return { uid, received: this.#opener.received, open }
    } catch (error) {
      throw operatorError({ operatorName, subtaskIndex: identity.index }, error)
    }
  }

  /** A position lies between two batches: ends the one under way first. */
  protected override overtake(): void {
    this.gate.lift()
    try {
      this.endHalfDone(this.watermark)
      while (
        this.#dueCheckpoint !== undefined &&
        this.state === 'running' &&
        !this.finishingInput
      ) {
        // What an operator waits for is not room.
        if (this.held ? !this.heldStep() : !this.step()) return
      }
      this.urgent = false
    } finally {
      this.gate.lower()
    }
  }

  /** False when no checkpoint is due. */
  #beginCheckpoint(): boolean {
    const due = this.#dueCheckpoint
    if (due === undefined || this.finishingInput) return false
    this.#dueCheckpoint = undefined
    this.#alignment.cancel()
    this.checkpoint(due, this.#alignedUntilMs)
    return true
  }

  #reportBad(): void {
    const bad = this.#bad
    this.#bad = []
    for (const { record, error, place } of bad)
      this.#source.badRecords?.(record, MIN_TIMESTAMP, error, place)
  }

  #timeOf(strategy: WatermarkStrategy<never>, onDue: () => void): GeneratedTime {
    return new GeneratedTime({
      strategy,
      clock: this.slot.clock,
      activeClock: this.activeClock(),
      intervalMs: this.#source.watermarkIntervalMs,
      announce: this.#source.announceWatermark,
      onDue,
    })
  }

  #askForSplit(): void {
    this.#asking = true
    this.slot.whenSettled(
      this.#opener.next(),
      (opened) => {
        // Whoever has ended it closes the reader.
        if (this.state === 'running') this.#opened(opened)
      },
      this.#around.onError,
    )
  }

  #opened(opened: OpenedSplit | undefined): void {
    this.#asking = false
    if (opened === undefined) {
      this.#exhausted = true
    } else {
      const time = this.#time?.open()
      this.#splits.push(new OpenSplit(opened, time, this.#around))
      this.#opener.taken()
    }
    if (this.#exhausted || this.#splits.length === this.#splitsAtOnce) this.#gathered()
    this.#around.onReady()
  }

  #gathered(): void {
    this.#patience.cancel()
    this.#time?.setGathering(false)
  }

  /** The next split, in turn, that has a batch or can be asked for one. */
  #nextReadable(): OpenSplit | undefined {
    const { length } = this.#splits
    for (let i = 0; i < length; i++) {
      const at = (this.#turn + i) % length
      const split = this.#splits[at]
      if (split === undefined || !split.readable) continue
      if (split.time !== undefined && this.#time?.mayRead(split.time) === false) continue
      this.#turn = at + 1
      return split
    }
    return undefined
  }

  #read(split: OpenSplit): void {
    const taken = split.take()
    this.#bad = split.takeBad()
    if (taken === 'nothing') {
      if (split.time !== undefined) this.#time?.waits(split.time)
      return
    }
    if (taken === 'ended') {
      this.#end(split)
      return
    }
    this.recordsIn += taken.length
    this.#values = this.#stamper.stamp(taken, split.reader.timestamps)
    this.#next = 0
    this.#reading = split
    if (this.#time !== undefined && split.time !== undefined) {
      this.#time.activity(split.time)
      this.#tellIdleness(this.#time)
    }
    this.#showToGenerator(split)
  }

  #end(split: OpenSplit): void {
    split.close(() => {
      this.#splits.splice(this.#splits.indexOf(split), 1)
      if (split.time !== undefined) this.#time?.close(split.time)
    })
  }

  #showToGenerator({ time }: OpenSplit): void {
    const { length } = this.#values
    this.#pausesAt =
      time === undefined
        ? length
        : time.see(this.#values, this.#stamper.timestamps, this.#next, length)
  }

  #continueBatch(split: OpenSplit): boolean {
    const until = this.#pausesAt
    if (this.#next < until) {
      const { timestamps } = this.#stamper
      this.#next = this.chain.processBatch(this.#values, timestamps, this.#next, until)
      if (this.#next < until) return true
      if (split.time !== undefined) this.#time?.advance(split.time)
    }
    if (this.#next < this.#values.length) {
      // In the middle of a batch: the watermark of the last record goes before the next one.
      if (this.#time !== undefined && this.#followWatermark(this.#time)) return true
      this.#showToGenerator(split)
      return true
    }
    this.#values = []
    this.#reading = undefined
    return true
  }

  /** Does what follows from the watermarks of the splits and from the clock. False when there is nothing to do. */
  #followTime(time: GeneratedTime): boolean {
    if (time.due) time.doDue()
    return this.#followWatermark(time) || this.#tellIdleness(time)
  }

  /** Tells the next subtasks whether to wait for this one. False when they know. */
  #tellIdleness({ idle }: GeneratedTime): boolean {
    if (idle === this.#toldIdle) return false
    this.#toldIdle = idle
    if (idle) this.emitIdle()
    else this.emitActive()
    return true
  }

  #followWatermark(time: GeneratedTime): boolean {
    if (time.watermark <= this.watermark) return false
    this.advanceWatermark(time.watermark)
    return true
  }

  async #closeReaders(): Promise<void> {
    if (this.#splits.length > 0 || this.#asking) this.#abort.abort()
    const open = this.#splits.splice(0).filter(({ closing }) => !closing)
    const closed = open.map(async ({ reader }) => reader.close?.())
    const results = await Promise.allSettled([...closed, this.#opener.abort()])
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
    }
  }
}
