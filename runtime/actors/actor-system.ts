/**
 * The actor system as its user sees it. Used on the thread that started it, which is slot 0.
 *
 * Life cycle: `start` → running → `stop` → stopped. A slot whose thread dies is replaced while the system runs on.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ActorClass, RefOf, SpawnFromModuleOptions, SpawnParameters } from './actor.ts'
import { ACTOR_MAIL_VERSION } from './actor-mail.ts'
import type { ActorRef } from './actor-ref.ts'
import { ActorSlot } from './actor-slot.ts'
import type { ActorCounters } from './quiescence.ts'
import { actorSlotModule, apiOf } from './actor-slot-extension.ts'
import type { ActorSlotApi, ActorSlotArgument } from './actor-slot-extension.ts'
import { startHost } from './actor-system-options.ts'
import type {
  ActorSystemOptions,
  FindOptions,
  SnapshotOptions,
  StopOptions,
} from './actor-system-options.ts'
import { asyncView } from '../extension.ts'
import type { DeadLetter } from './dead-letters.ts'
import type { ActorFunction } from './define-actor.ts'
import { comeToRest, until, withinTime } from './come-to-rest.ts'
import type { Async, SlotGroup } from '../slot-node.ts'
import { refuseUnknownOptions } from '../known-options.ts'
import { incarnationAfter, restoreSystem } from './snapshot/restore-system.ts'
import type { ActorSystemSnapshot } from './snapshot/snapshot-file.ts'
import { SystemSnapshots } from './snapshot/system-snapshots.ts'
import { readSpawn } from './spawn-request.ts'
import { asError, textOf, toWireError } from '../wire-error.ts'

/** What a system has done so far and does now. */
export interface ActorSystemMetrics {
  /** One entry per slot; those of a slot whose thread is being replaced are missing. */
  readonly slots: readonly (ActorCounters & { readonly slot: number })[]
  readonly actors: number
  /** Messages that no actor handled, and those of them that no listener saw. */
  readonly deadLetters: number
  readonly unobservedDeadLetters: number
  /** Threads lost and replaced. */
  readonly lostSlots: number
}

const DEFAULT_STOP_TIMEOUT_MS = 5_000
/** How long a thread may take to end its actors at once; one that user code blocks is then ended by force. */
const DISPOSE_PATIENCE_MS = 250
const DEFAULT_SNAPSHOT_TIMEOUT_MS = 10_000

/** A running actor system. */
export class ActorSystem {
  readonly #group: SlotGroup
  readonly #main: ActorSlot
  readonly #sharesThread: boolean
  readonly #apis = new Map<number, Async<ActorSlotApi>>()
  readonly #incarnations: number[]
  readonly #firstIncarnation: number
  readonly #snapshots: SystemSnapshots
  readonly #escalationListeners = new Set<(error: Error, actorId: number) => void>()
  /** Losses of threads are dealt with one after the other. */
  #recovery: Promise<void> = Promise.resolve()
  #lostSlots = 0
  #nextSlot = 0
  #stopping: Promise<void> | undefined
  /** Whether its actors have stopped: lost slots matter no longer. */
  #isOver = false
  #onRootsGone: (() => void) | undefined

  /** Use `ActorSystem.start`. */
  private constructor(group: SlotGroup, sharesThread: boolean, incarnation: number) {
    this.#group = group
    this.#sharesThread = sharesThread
    this.#incarnations = new Array<number>(group.count + 1).fill(incarnation)
    this.#firstIncarnation = incarnation
    const options = { incarnation, firstIncarnation: incarnation, sharesThread }
    this.#main = new ActorSlot(group.main, options)
    this.#main.family.rootListener = {
      terminated: () => {
        if (this.#main.family.roots.size === 0) this.#onRootsGone?.()
      },
      escalated: (actor, error) => {
        this.#escalated(actor, error)
      },
    }
    this.#apis.set(0, asyncView(apiOf(this.#main)))
    this.#snapshots = new SystemSnapshots({
      clock: group.main.slot.clock,
      apis: this.#apis,
      recovered: () => this.#recovery,
    })
  }

  /**
   * Starts the slots. Rejects with `INVALID_ARGUMENT` (an unknown option), `INVALID_SLOTS`, `INVALID_HOST`, or what kept a thread from starting.
   * With `from` also `INVALID_SNAPSHOT`, `DAMAGED_SNAPSHOT`, `UNSUPPORTED_FORMAT`, and `RESTORE_FAILED` (an actor's `restore` threw, or its module is gone).
   *
   * @example
   *   const system = await ActorSystem.start({ slots: 2 })
   *   const counter = await system.spawn(Counter, { args: [10] })
   *   await counter.ask({ add: 5 }) // 15
   *   await system.stop()
   */
  static async start(options: ActorSystemOptions = {}): Promise<ActorSystem> {
    const { group, stored } = await startHost(options)
    const sharesThread = options.host !== undefined && options.host !== 'threads'
    const incarnation = stored === undefined ? 0 : incarnationAfter(stored)
    const system = new ActorSystem(group, sharesThread, incarnation)
    try {
      await system.#load()
      if (stored !== undefined) await restoreSystem(stored, group.count, system.#apis)
    } catch (error) {
      await group.stop()
      throw error
    }
    return system
  }

  /** Number of slots besides slot 0. */
  get slots(): number {
    return this.#group.count
  }

  /**
   * Spawns an actor. Resolves with its reference when it runs (constructor done, `started` settled).
   *
   * Rejects with what its start threw, and with `INVALID_ARGUMENT` (an unknown option), `INVALID_SPAWN`, `INVALID_ACTOR`,
   * `INVALID_SUPERVISION`, `UNSENDABLE_VALUE`, `MODULE_MISSING`, `ACTOR_NOT_FOUND`, `SLOT_LOST`, `SYSTEM_STOPPED`.
   */
  spawn<Class extends ActorClass>(
    actor: Class,
    ...options: SpawnParameters<ConstructorParameters<Class>>
  ): Promise<RefOf<Class>>
  spawn<Message, Args extends readonly unknown[], Reply>(
    actor: ActorFunction<Message, Args, Reply>,
    ...options: SpawnParameters<Args>
  ): Promise<ActorRef<Message, Reply>>
  spawn(module: URL, options?: SpawnFromModuleOptions): Promise<ActorRef<unknown>>
  async spawn(actor: unknown, options?: unknown): Promise<never> {
    if (this.#stopping !== undefined) {
      throw systemStopped('spawn')
    }
    const request = readSpawn(actor, options, this.#group.count)
    const slot = request.slot ?? this.#place()
    if (!this.#main.isUp(slot)) {
      // What is sent to a slot without a thread is dropped, and nobody would answer.
      await this.#main.whenUp(slot)
      if (this.#stopping !== undefined) throw systemStopped('spawn')
    }
    return (await this.#main.spawnRoot(request, slot)) as never
  }

  /**
   * References to the actors that the system itself has spawned from this class, function or (by its URL) module, in the order in which they were spawned. This
   * is how to get hold of them in a system that resumes a snapshot. `name` chooses those spawned under that name.
   */
  find<Class extends ActorClass>(actor: Class, options?: FindOptions): RefOf<Class>[]
  find<Message, Args extends readonly unknown[], Reply>(
    actor: ActorFunction<Message, Args, Reply>,
    options?: FindOptions,
  ): ActorRef<Message, Reply>[]
  find(module: URL, options?: FindOptions & { readonly export?: string }): ActorRef<unknown>[]
  find(actor: unknown, options?: SpawnFromModuleOptions): unknown[] {
    return this.#main.family.findRoots(readSpawn(actor, options, this.#group.count).spec)
  }

  /**
   * Takes a consistent snapshot of all actors and of the messages on their way, while they go on: state, mailboxes, children, watches, timers and counts of
   * restarts, such that every message is either handled in the state of its receiver, or waits in the snapshot. `docs/actors.md` tells what an
   * actor does to be part of it. Snapshots asked for at the same time are taken one after the other. Not to be awaited inside an actor's `receive`.
   *
   * Rejects with `SNAPSHOT_UNSUPPORTED` (names an actor that cannot be stored), `SNAPSHOT_FAILED` (an actor's `snapshot` threw), `UNSENDABLE_VALUE`,
   * `SNAPSHOT_TIMEOUT`, `SLOT_LOST`, `SYSTEM_STOPPED`, `INVALID_TIMEOUT`. The system goes on in any case.
   *
   * @example
   *   const system = await ActorSystem.start({ slots: 2 })
   *   const { bytes } = await system.snapshot()
   *   await writeFile('system.snapshot', bytes)
   *   await system.stop()
   *   const resumed = await ActorSystem.start({ from: bytes, slots: 3 })
   */
  async snapshot(options: SnapshotOptions = {}): Promise<ActorSystemSnapshot> {
    refuseUnknownOptions(options, ['timeoutMs'], 'snapshot')
    const timeoutMs = options.timeoutMs ?? DEFAULT_SNAPSHOT_TIMEOUT_MS
    if (!(timeoutMs > 0 && Number.isFinite(timeoutMs))) {
      const message = `snapshot: expected timeoutMs to be finite and above 0, got ${String(timeoutMs)}`
      throw new MillraceError('INVALID_TIMEOUT', message)
    }
    return await this.#snapshots.take(timeoutMs)
  }

  /** Calls the listener for every message that no actor handled, from any slot. Returns a function that ends it. */
  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    if (typeof listener !== 'function') {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `onDeadLetter: expected a function, got ${typeof listener}`,
      )
    }
    const end = this.#main.deadLetters.observe(listener)
    this.#reportDeadLetters()
    return () => {
      end()
      this.#reportDeadLetters()
    }
  }

  /**
   * Calls the listener when a failure was escalated by an actor that the system itself has spawned; that actor is then
   * stopped. Without a listener it is a process warning. Returns a function that ends it.
   */
  onEscalation(listener: (error: Error, actorId: number) => void): () => void {
    this.#escalationListeners.add(listener)
    return () => {
      this.#escalationListeners.delete(listener)
    }
  }

  /** Counts over all slots, as of now. */
  async metrics(): Promise<ActorSystemMetrics> {
    const slots = await this.#allCounters()
    return {
      slots,
      actors: total(slots, 'actors'),
      deadLetters: total(slots, 'deadLetters'),
      unobservedDeadLetters: total(slots, 'unobservedDeadLetters'),
      lostSlots: this.#lostSlots,
    }
  }

  /**
   * Stops the system: waits until all mail has been handled, and all that follows from it; stops all actors, children
   * before parents; ends the threads. Calling it again returns the same promise. Rejects with `INVALID_TIMEOUT`.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_STOP_TIMEOUT_MS
    if (!(timeoutMs >= 0)) {
      const got = String(timeoutMs)
      return Promise.reject(
        new MillraceError('INVALID_TIMEOUT', `stop: expected timeoutMs from 0, got ${got}`),
      )
    }
    this.#snapshots.close(systemStopped())
    this.#stopping ??= this.#stop(timeoutMs)
    return this.#stopping
  }

  async #load(): Promise<void> {
    const loading: Promise<void>[] = []
    for (let slot = 1; slot <= this.#group.count; slot++) loading.push(this.#loadSlot(slot))
    await Promise.all(loading)
    this.#group.onLost((slot, error) => {
      this.#recovery = this.#recovery.then(() => this.#recover(slot, error))
    })
  }

  async #loadSlot(slot: number): Promise<void> {
    const argument: ActorSlotArgument = {
      version: ACTOR_MAIL_VERSION,
      incarnation: this.#incarnations[slot] ?? 0,
      firstIncarnation: this.#firstIncarnation,
      sharesThread: this.#sharesThread,
      reportsDeadLetters: this.#main.deadLetters.observed,
    }
    this.#apis.set(slot, await this.#group.load(slot, actorSlotModule, argument, {}))
  }

  /** The slot from 1 to N with the fewest actors of the system's own; in turns where they are equal. */
  #place(): number {
    const { count } = this.#group
    const { roots } = this.#main.family
    let best = 0
    for (let i = 0; i < count; i++) {
      const slot = ((this.#nextSlot + i) % count) + 1
      if (!this.#main.isUp(slot)) continue
      if (best === 0 || roots.countIn(slot) < roots.countIn(best)) best = slot
    }
    this.#nextSlot = best === 0 ? 0 : best % count
    return best === 0 ? 1 : best
  }

  #escalated(actor: number, error: unknown): void {
    this.#main.family.killRoot(actor)
    const shown = asError(error)
    if (this.#escalationListeners.size === 0) {
      process.emitWarning(`Actor ${actor} was stopped; it escalated: ${textOf(shown)}`)
    }
    for (const listener of this.#escalationListeners) {
      try {
        listener(shown, actor)
      } catch (thrown) {
        process.emitWarning(`A listener for escalations threw: ${textOf(thrown)}`)
      }
    }
  }

  #reportDeadLetters(): void {
    const on = this.#main.deadLetters.observed
    // As mail, so that it arrives before the messages that are sent next. A slot that is being replaced is told when it is loaded.
    for (const slot of this.#apis.keys()) if (slot !== 0) this.#main.askForDeadLetters(slot, on)
  }

  /** Slot `lost` has a new thread that knows nothing. */
  async #recover(lost: number, error: Error): Promise<void> {
    this.#lostSlots++
    this.#snapshots.abort(error)
    this.#apis.delete(lost)
    const incarnation = (this.#incarnations[lost] ?? 0) + 1
    this.#incarnations[lost] = incarnation
    const wire = toWireError(error)
    // Slot 0 last: when its watchers hear of the loss, all other slots know of it.
    await this.#tellAll((api, slot) =>
      slot === 0 ? Promise.resolve() : api.slotLost(lost, wire, incarnation),
    )
    this.#main.slotLost(lost, error, incarnation)
    if (this.#isOver) return
    try {
      await this.#loadSlot(lost)
    } catch {
      // It died again: the host says so, and all this begins anew.
      return
    }
    await this.#tellAll((api, slot) =>
      slot === lost ? Promise.resolve() : api.slotBack(lost, wire),
    )
  }

  async #tellAll(
    tell: (api: Async<ActorSlotApi>, slot: number) => Promise<unknown>,
  ): Promise<void> {
    // A slot that dies meanwhile has its own recovery.
    await Promise.allSettled([...this.#apis].map(([slot, api]) => tell(api, slot)))
  }

  /** In the order of the slots. */
  async #allCounters(): Promise<(ActorCounters & { slot: number })[]> {
    const slots = [...this.#apis].sort(([a], [b]) => a - b)
    const read = slots.map(async ([slot, api]) => ({ slot, ...(await api.counters()) }))
    const settled = await Promise.allSettled(read)
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  async #stop(timeoutMs: number): Promise<void> {
    await comeToRest(
      {
        clock: this.#group.main.slot.clock,
        family: this.#main.family,
        counters: () => this.#allCounters(),
        onRootsGone: (listener) => {
          this.#onRootsGone = listener
        },
      },
      timeoutMs,
    )
    this.#isOver = true
    const { clock } = this.#group.main.slot
    // Slot 0 last: what is left in the others becomes dead letters, which its listeners hear of.
    const disposed = this.#tellAll(async (api, slot) => {
      if (slot === 0) return
      const count = await api.dispose()
      await until(() => this.#main.receivedFrom(slot) >= count, clock, DISPOSE_PATIENCE_MS)
    })
    await withinTime(disposed, clock, DISPOSE_PATIENCE_MS)
    this.#main.dispose()
    await this.#group.stop()
  }
}

function systemStopped(what = 'snapshot'): MillraceError {
  const message = `${what}: expected a running system, got one that stops`
  return new MillraceError('SYSTEM_STOPPED', message)
}

function total(slots: readonly ActorCounters[], field: keyof ActorCounters): number {
  return slots.reduce((sum, slot) => sum + slot[field], 0)
}
