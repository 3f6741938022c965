/**
 * A slot: the scheduler of the actors of one thread.
 *
 * A slot is passive. A host drives it: `turn()` in production and inline, single steps in the simulator.
 * All methods are called on the slot's own thread. Actors never see each other here, only their turns.
 *
 * One turn:
 *
 *     links in ──► mailboxes ──► ready actors, each one bounded turn ──► open batches and links out
 *
 * Outputs are flushed only when no actor is ready, or when the last flush is `FLUSH_INTERVAL_MS` ago:
 * that is the natural batching, big batches under load and low latency without.
 */
import type { Clock } from './clock.ts'
import type { LoadMeter, Progress } from './load-meter.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { Fifo } from '../mailbox/fifo.ts'
import type { Peer } from './peer.ts'

/** The longest that an open batch waits on a slot that is never out of work. */
const FLUSH_INTERVAL_MS = 5
/** How long one turn of a slot goes on taking ready actors before it lets the event loop have a look. */
const TURN_BUDGET_MS = 1

/** The longest that a ready source waits on a slot whose other actors are never out of work. */
const SOURCE_PATIENCE_MS = 20

/** What a slot runs: something with mail, which gets one bounded turn at a time. */
export interface SlotActor {
  /** Shown in errors. */
  readonly label: string
  /** Owned by the slot: whether the actor waits in the ready queue. Starts as false. */
  scheduled: boolean
  /** Where the slot notes the times of the turns, if anybody wants to know. */
  readonly meter?: LoadMeter | undefined
  /**
   * Whether it brings new work in (a source): it runs only when no other actor of the slot is ready, so that what is on its
   * way is finished before more is begun, and a busy slot leaves the reading to others. Default: false.
   */
  readonly bringsWork?: boolean
  /** Where it is in its life, in one word, for whoever looks for the cause of a standstill. */
  readonly state?: string
  /** Does a bounded amount of work. An actor that answers `more` is run again after the others. */
  turn(): Progress
  /** A turn threw. Must not throw. */
  turnFailed(error: unknown): void
}

/** Stands around a turn that a host has chosen: runs it, or lets it throw the given error at once, and says what it was. */
export type TurnObserver = (actor: SlotActor, run: (failure?: Error) => void) => string

/** Something with an open batch that wants to leave when the slot has nothing better to do. */
export interface Flushable {
  /** Owned by the slot: whether it is on the list. Starts as false. */
  dirty: boolean
  flush(): void
}

/** What a slot gets from its host. */
export interface SlotEnvironment {
  /** 0 is the thread that started the system. */
  readonly index: number
  /** Number of slots including slot 0. */
  readonly slotCount: number
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  /**
   * Calls one of the callbacks when the promise has settled. Actors wait for everything asynchronous through this, so
   * that a host can choose when they hear of it.
   */
  readonly whenSettled: WhenSettled
  /** Called whenever the slot has got work from outside a turn: the host sees that a turn follows. */
  readonly wake: () => void
}

/** Calls `onValue` or `onError` once, later, on the slot's thread. */
export type WhenSettled = <T>(
  promise: PromiseLike<T>,
  onValue: (value: T) => void,
  onError: (error: unknown) => void,
) => void

/** What real hosts do: the actor hears of it as soon as it happens. */
export const settleAtOnce: WhenSettled = (promise, onValue, onError) => {
  promise.then(onValue, onError)
}

let running: Slot | undefined

/** The slot whose turn it is on this thread, if any: what a decoder of an arriving frame belongs to. */
export function runningSlot(): Slot | undefined {
  return running
}

function setRunning(slot: Slot): void {
  running = slot
}

/** The scheduler of one thread. */
export class Slot {
  readonly index: number
  readonly slotCount: number
  readonly clock: Clock
  readonly random: () => number
  /** See `SlotEnvironment.whenSettled`. */
  readonly whenSettled: WhenSettled
  readonly #wake: () => void
  readonly #ready = new Fifo<SlotActor>()
  /** Ready actors that bring new work in. */
  readonly #sources = new Fifo<SlotActor>()
  #dirty: Flushable[] = []
  readonly #peers = new Map<number, Peer>()
  #peerList: Peer[] = []
  #lastFlushMs: number
  #lastSourceMs: number
  #inTurn = false

  constructor(environment: SlotEnvironment) {
    this.index = environment.index
    this.slotCount = environment.slotCount
    this.clock = environment.clock
    this.random = environment.random
    this.whenSettled = environment.whenSettled
    this.#wake = environment.wake
    this.#lastFlushMs = this.clock.monotonicMs()
    this.#lastSourceMs = this.#lastFlushMs
  }

  /** Queues the actor for a turn, unless it is queued already. */
  ready(actor: SlotActor): void {
    if (actor.scheduled) return
    actor.scheduled = true
    if (actor.bringsWork === true) this.#sources.push(actor)
    else this.#ready.push(actor)
    if (!this.#inTurn) this.#wake()
  }

  /** Puts the open batch on the list that is flushed when the slot has nothing better to do. */
  markDirty(flushable: Flushable): void {
    if (flushable.dirty) return
    flushable.dirty = true
    this.#dirty.push(flushable)
    if (!this.#inTurn) this.#wake()
  }

  /** Adds, or after the loss of a thread replaces, the connection with another slot. */
  connect(peer: Peer): void {
    this.#peers.set(peer.index, peer)
    this.#peerList = [...this.#peers.values()]
    if (!this.#inTurn) this.#wake()
  }

  /** Drops the connection with a slot that is gone. What was queued for it is lost. */
  disconnect(index: number): void {
    this.#peers.delete(index)
    this.#peerList = [...this.#peers.values()]
  }

  /** The connection with another slot. Throws `NO_LINK` when there is none. */
  peer(index: number): Peer {
    const peer = this.#peers.get(index)
    if (peer === undefined) {
      throw new MillraceError('NO_LINK', `Slot ${this.index} has no link to slot ${index}`)
    }
    return peer
  }

  /** The connection with another slot, or undefined when there is none (the slot is gone, or it is this one). */
  findPeer(index: number): Peer | undefined {
    return this.#peers.get(index)
  }

  /**
   * Does a bounded amount of work. Returns true when more can be done at once, false when the slot may
   * sleep until its doorbell rings or a timer or promise of its own thread calls `ready`.
   */
  turn(): boolean {
    this.#inTurn = true
    setRunning(this)
    try {
      const startMs = this.clock.monotonicMs()
      for (const peer of this.#peerList) peer.receiveSome()
      const nowMs = this.#runReady(startMs)
      if (this.#idle || nowMs - this.#lastFlushMs >= FLUSH_INTERVAL_MS) {
        this.#flush(nowMs)
      }
      this.pushOut()
    } finally {
      this.#inTurn = false
      running = undefined
    }
    return this.hasWork
  }

  /** Hands what waits for room to the links, as far as there is room. To be called between "about to sleep" and sleeping. */
  pushOut(): void {
    for (const peer of this.#peerList) peer.pushOut()
  }

  /** Whether a turn would find something to do. Asked again between "about to sleep" and sleeping. */
  get hasWork(): boolean {
    if (!this.#idle || this.#dirty.length > 0) return true
    for (const peer of this.#peerList) {
      if (peer.hasMail) return true
    }
    return false
  }

  get #idle(): boolean {
    return this.#ready.size === 0 && this.#sources.size === 0
  }

  /** Number of single steps that could be done now, for a host that chooses every interleaving. */
  countSteps(): number {
    let steps = this.#ready.size + this.#sources.size + this.#dirty.length
    for (const peer of this.#peerList) {
      if (peer.hasMail) steps++
      if (peer.hasOutput) steps++
    }
    return steps
  }

  /**
   * Does the single step with this number (0 to `countSteps()` - 1) and returns what it was, for a trace. `observe` stands around it
   * where it is the turn of an actor.
   */
  performStep(number: number, observe?: TurnObserver): string {
    this.#inTurn = true
    setRunning(this)
    try {
      return this.#performStep(number, observe)
    } finally {
      this.#inTurn = false
      running = undefined
    }
  }

  #performStep(number: number, observe: TurnObserver | undefined): string {
    let rest = number
    for (const peer of this.#peerList) {
      if (peer.hasMail && rest-- === 0) {
        peer.receiveOne()
        return `receives from slot ${peer.index}`
      }
      if (peer.hasOutput && rest-- === 0) {
        peer.pushOut()
        return `sends to slot ${peer.index}`
      }
    }
    for (const queue of [this.#ready, this.#sources]) {
      if (rest < queue.size) {
        const actor = takeFrom(queue, rest)
        const run = (failure?: Error): void => {
          if (failure === undefined) {
            this.#run(actor, this.clock.monotonicMs())
            return
          }
          actor.scheduled = false
          actor.turnFailed(failure)
        }
        if (observe !== undefined) return observe(actor, run)
        run()
        return `runs ${actor.label}`
      }
      rest -= queue.size
    }
    const flushable = this.#dirty[rest]
    if (flushable === undefined) {
      throw new MillraceError('NO_SUCH_STEP', `Slot ${this.index} has no step ${number}`)
    }
    this.#dirty.splice(rest, 1)
    flushable.dirty = false
    flushable.flush()
    return 'flushes a batch'
  }

  /**
   * One sweep over the actors that were ready at its start, then sources for as long as nobody else is ready, all within the
   * budget. Returns the time.
   */
  #runReady(startMs: number): number {
    let nowMs = startMs
    for (let left = this.#ready.size; left > 0 && nowMs - startMs <= TURN_BUDGET_MS; left--) {
      const actor = this.#ready.shift()
      if (actor !== undefined) nowMs = this.#run(actor, nowMs)
    }
    // A source that never ran would hold back event time for everybody.
    let starving = nowMs - this.#lastSourceMs >= SOURCE_PATIENCE_MS
    while (this.#sources.size > 0) {
      const spare = this.#ready.size === 0 && nowMs - startMs <= TURN_BUDGET_MS
      if (!spare && !starving) break
      starving = false
      const source = this.#sources.shift()
      if (source !== undefined) nowMs = this.#run(source, nowMs)
      this.#lastSourceMs = nowMs
    }
    return nowMs
  }

  #run(actor: SlotActor, nowMs: number): number {
    actor.scheduled = false
    const meter = actor.meter
    meter?.turnBegins(nowMs)
    let progress: Progress = 'idle'
    try {
      progress = actor.turn()
    } catch (error) {
      actor.turnFailed(error)
    }
    if (progress === 'more') this.ready(actor)
    const endMs = this.clock.monotonicMs()
    meter?.turnEnds(endMs, progress)
    return endMs
  }

  #flush(nowMs: number): void {
    this.#lastFlushMs = nowMs
    const dirty = this.#dirty
    if (dirty.length === 0) return
    this.#dirty = []
    for (const flushable of dirty) {
      flushable.dirty = false
      flushable.flush()
    }
  }
}

/** Takes the actor with this number out of a queue. */
function takeFrom(queue: Fifo<SlotActor>, number: number): SlotActor {
  for (let i = 0; i < number; i++) {
    const passed = queue.shift()
    if (passed !== undefined) queue.push(passed)
  }
  const actor = queue.shift()
  if (actor === undefined) {
    throw new MillraceError('NO_SUCH_STEP', `Expected a ready actor at ${number}, found none`)
  }
  return actor
}
