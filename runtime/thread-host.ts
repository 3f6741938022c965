/**
 * The host of production: every slot is one long task on a thread of a piscina pool, slot 0 runs on the calling thread.
 *
 * A thread that dies is replaced by the pool; the host gives the new thread the old slot number, connects everybody with fresh
 * links, and then tells the listeners. What the slot held is gone.
 */
import { MessageChannel } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { createDoorbells, Doorbell } from '../mailbox/doorbell.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { createRingBuffer } from '../mailbox/ring.ts'
import { RingLinkReceiver, RingLinkSender } from '../mailbox/ring-link.ts'
import { openControlPort } from './control-port.ts'
import { Heartbeats } from './heartbeats.ts'
import type { ControlCaller } from './control-port.ts'
import { memoryLimits } from './memory-limits.ts'
import type { MemoryLimits } from './memory-limits.ts'
import { PROTOCOL_VERSION } from './protocol.ts'
import type { CoordinatorControl, LinkBuffers, SlotControl, SlotTask } from './protocol.ts'
import { runSlotLoop } from './slot-loop.ts'
import { settleAtOnce } from './slot.ts'
import { SlotNode } from './slot-node.ts'
import type { Async, ModuleExport, SlotGroup } from './slot-node.ts'
import { systemClock } from './system-clock.ts'

const DEFAULT_LINK_BYTES = 1024 * 1024
/** How long a thread may take to end its loop, in milliseconds; one whose user code does not return is then ended by force. */
const STOP_PATIENCE_MS = 250
/** Launches in a row, besides those of the start, that may fail before lost threads are no longer replaced. */
const MAX_FAILED_LAUNCHES = 3

/** How the threads are set up. */
export interface ThreadHostOptions {
  /** Number of threads, each one slot. 1 to 256. */
  readonly slots: number
  /** Size of the shared-memory ring of each ordered pair of slots, in bytes. Default: 1 MiB. */
  readonly linkBytes?: number
  /** Memory limits of each thread. Default: see there. */
  readonly resourceLimits?: MemoryLimits
  /**
   * Whether a slot that lost its thread gets a new one before the listeners hear of it. Default: true. False for who can do
   * nothing with an empty slot and wants to know at once.
   */
  readonly replaceLost?: boolean
  /**
   * A thread that gives no sign of life for this long, in milliseconds, because user code on it does not return, is ended by force and lost
   * with `SLOT_UNRESPONSIVE`. Default: threads are not asked.
   */
  readonly heartbeatTimeoutMs?: number
}

interface ThreadSlot {
  control: ControlCaller<SlotControl>
  /** The ports of the extensions that were loaded into it. */
  extensions: ControlCaller<object>[]
  /** Ends the thread by force. */
  readonly end: AbortController
}

/** Starts the threads. Resolves when every slot's loop runs. Rejects with `SLOT_LOST` when a thread can't start; then none is left. */
export async function startThreadHost(options: ThreadHostOptions): Promise<ThreadHost> {
  const host = new ThreadHost(options)
  try {
    await host.start()
  } catch (error) {
    await host.stop()
    throw error
  }
  return host
}

/** Slots on threads; made by `startThreadHost`. */
export class ThreadHost implements SlotGroup {
  readonly main: SlotNode
  readonly count: number
  readonly #linkBytes: number
  readonly #replaceLost: boolean
  readonly #bells: SharedArrayBuffer
  readonly #pool: Piscina
  readonly #slots = new Map<number, ThreadSlot>()
  readonly #lostListeners: ((slot: number, error: Error) => void)[] = []
  readonly #bell: Doorbell
  /** The rings by `from * slotCount + to`. */
  readonly #rings = new Map<number, SharedArrayBuffer>()
  readonly #tasks = new Set<Promise<void>>()
  readonly #heartbeats: Heartbeats | undefined
  /** Why threads are ended by force, by slot. */
  readonly #silent = new Map<number, MillraceError>()
  #mainLoop: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #stopped = false
  /** Launches in a row that came to nothing. */
  #failedLaunches = 0

  constructor(options: ThreadHostOptions) {
    this.count = options.slots
    this.#linkBytes = options.linkBytes ?? DEFAULT_LINK_BYTES
    this.#replaceLost = options.replaceLost ?? true
    const slotCount = options.slots + 1
    this.#bells = createDoorbells(slotCount)
    this.#bell = this.#bellOf(0)
    this.main = new SlotNode({
      index: 0,
      slotCount,
      clock: systemClock,
      random: Math.random,
      whenSettled: settleAtOnce,
      wake: () => {
        this.#bell.wakeLocally()
      },
    })
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      minThreads: options.slots,
      maxThreads: options.slots,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // The default would freeze the event loop of a thread between its tasks.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: memoryLimits(options.resourceLimits),
    })
    const { heartbeatTimeoutMs: timeoutMs } = options
    if (timeoutMs !== undefined) {
      this.#heartbeats = new Heartbeats({
        timeoutMs,
        now: () => systemClock.monotonicMs(),
        onSilent: (slot) => {
          this.#endSilent(slot, timeoutMs)
        },
      })
    }
    // Deaths are seen through the task of the thread; without a listener piscina's event would be thrown.
    this.#pool.on('error', () => {})
  }

  async start(): Promise<void> {
    for (let slot = 1; slot <= this.count; slot++) this.#connectMain(slot)
    this.#mainLoop = runSlotLoop(this.main.slot, this.#bell, { stopped: () => this.#stopped })
    const ready: Promise<void>[] = []
    for (let slot = 1; slot <= this.count; slot++) ready.push(this.#launch(slot))
    await Promise.all(ready)
    this.#heartbeats?.start()
  }

  onLost(listener: (slot: number, error: Error) => void): void {
    this.#lostListeners.push(listener)
  }

  async load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    const thread = this.#slots.get(slot)
    if (this.#stopping !== undefined) {
      throw new MillraceError('HOST_STOPPED', `Slot ${slot} has been stopped`)
    }
    if (thread === undefined) {
      throw new MillraceError(
        'UNKNOWN_SLOT',
        `Expected a slot from 1 to ${this.count}, got ${slot}`,
      )
    }
    const { port1, port2 } = new MessageChannel()
    const caller = openControlPort<Api>(port1, coordinator)
    // The threads themselves keep the process alive; a port must not.
    port1.unref()
    thread.extensions.push(caller)
    await thread.control.call('load', [extension, argument, port2], [port2])
    return caller.remote
  }

  /**
   * Forgets the extensions that were loaded, on both sides; what they had put on the slots must have ended. The slots, and the code that their threads have
   * loaded and compiled, are there for the next ones.
   */
  unload(): void {
    for (const [slot, thread] of this.#slots) {
      const error = new MillraceError('SLOT_STOPPED', `What ran on slot ${slot} has ended`)
      for (const extension of thread.extensions) extension.close(error)
      thread.extensions = []
    }
  }

  stop(): Promise<void> {
    this.#heartbeats?.stop()
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    for (const thread of this.#slots.values()) thread.control.remote.stop().catch(() => {})
    await withinPatience(Promise.all(this.#tasks))
    this.#stopped = true
    this.#bell.wakeLocally()
    await this.#mainLoop
    // V8 keeps a pending wait, and the bell that hangs on it, for as long as nobody notifies.
    this.#bell.close()
    // A thread that was ended by force may be gone only after this, and piscina would start others in its place.
    this.#pool.options.minThreads = 0
    await this.#pool.destroy()
  }

  /** Gives slot `slot` a thread and waits until its loop runs. */
  async #launch(slot: number): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const local: CoordinatorControl = {
      damaged: (from, message) => {
        process.emitWarning(`Slot ${slot} got a damaged frame from slot ${from}: ${message}`)
      },
    }
    const control = openControlPort<SlotControl>(port1, local)
    port1.unref()
    const end = new AbortController()
    this.#slots.set(slot, { control, extensions: [], end })
    const task: SlotTask = {
      version: PROTOCOL_VERSION,
      index: slot,
      slotCount: this.count + 1,
      bells: this.#bells,
      links: this.#linksOf(slot),
      controlPort: port2,
    }
    const ended = this.#pool.run(task, {
      transferList: [port2],
      signal: end.signal,
    }) as Promise<void>
    const watched: Promise<void> = ended
      .then(
        () => {
          const error = new MillraceError('SLOT_STOPPED', `Slot ${slot} has been stopped`)
          this.#failCalls(slot, error)
        },
        (error: unknown) => this.#lost(slot, error),
      )
      .finally(() => this.#tasks.delete(watched))
    this.#tasks.add(watched)
    this.#failedLaunches++
    await control.remote.ready()
    this.#failedLaunches = 0
    if (this.#stopping === undefined) this.#heartbeats?.watch(slot, () => control.remote.ready())
  }

  /** A thread does not answer: it is ended, which is then seen as its death. */
  #endSilent(slot: number, timeoutMs: number): void {
    const message = `Slot ${slot} gave no sign of life for ${timeoutMs} ms: user code on its thread does not return`
    this.#silent.set(slot, new MillraceError('SLOT_UNRESPONSIVE', message, { retryable: true }))
    this.#slots.get(slot)?.end.abort()
  }

  /** Whoever waits for an answer of a slot, or asks it later, gets the error instead. */
  #failCalls(slot: number, error: Error): void {
    const thread = this.#slots.get(slot)
    thread?.control.fail(error)
    for (const extension of thread?.extensions ?? []) extension.fail(error)
  }

  /** The thread of a slot has died. */
  async #lost(slot: number, cause: unknown): Promise<void> {
    this.#heartbeats?.forget(slot)
    const error = this.#silent.get(slot) ?? lostError(slot, cause)
    this.#silent.delete(slot)
    this.#failCalls(slot, error)
    // Threads that die before they are ready would go on doing so.
    const hopeless = this.#failedLaunches > MAX_FAILED_LAUNCHES + this.count
    if (this.#stopping === undefined && this.#replaceLost && !hopeless) await this.#replace(slot)
    for (const listener of this.#lostListeners) listener(slot, error)
  }

  async #replace(slot: number): Promise<void> {
    for (let other = 0; other <= this.count; other++) {
      this.#rings.delete(this.#ringKey(slot, other))
      this.#rings.delete(this.#ringKey(other, slot))
    }
    // The dead thread may have left its bell in the state "asleep".
    this.#bellOf(slot).cancelSleep()
    this.#connectMain(slot)
    const reconnected: Promise<void>[] = []
    for (const [other, thread] of this.#slots) {
      if (other !== slot) {
        reconnected.push(thread.control.remote.reconnect(this.#linkBetween(other, slot)))
      }
    }
    // A slot that dies at the same time is replaced by a call of its own.
    await Promise.allSettled([...reconnected, this.#launch(slot)])
  }

  #connectMain(slot: number): void {
    const link = this.#linkBetween(0, slot)
    const peerBell = this.#bellOf(slot)
    this.main.connect(
      slot,
      new RingLinkSender(link.outbound, peerBell),
      new RingLinkReceiver(link.inbound, peerBell),
    )
  }

  #linksOf(slot: number): LinkBuffers[] {
    const links: LinkBuffers[] = []
    for (let other = 0; other <= this.count; other++) {
      if (other !== slot) links.push(this.#linkBetween(slot, other))
    }
    return links
  }

  #linkBetween(slot: number, peer: number): LinkBuffers {
    return { peer, outbound: this.#ring(slot, peer), inbound: this.#ring(peer, slot) }
  }

  #ring(from: number, to: number): SharedArrayBuffer {
    const key = this.#ringKey(from, to)
    const known = this.#rings.get(key)
    if (known !== undefined) return known
    const ring = createRingBuffer(this.#linkBytes)
    this.#rings.set(key, ring)
    return ring
  }

  #ringKey(from: number, to: number): number {
    return from * (this.count + 1) + to
  }

  #bellOf(slot: number): Doorbell {
    return new Doorbell(new Int32Array(this.#bells), slot)
  }
}

function lostError(slot: number, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `Slot ${slot} lost its thread: ${reason}`
  return new MillraceError('SLOT_LOST', message, { cause, retryable: true })
}

/** Waits for the promise, but not for ever. */
async function withinPatience(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, STOP_PATIENCE_MS)
  })
  await Promise.race([promise, patience])
  clearTimeout(timer)
}

export type { ModuleExport }
