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
import type { ActorSystemOptions } from './actor-system-options.ts'
import { asyncView } from '../extension.ts'
import type { DeadLetter } from './dead-letters.ts'
import type { ActorFunction } from './define-actor.ts'
import { isQuiet } from './quiescence.ts'
import type { Async, SlotGroup } from '../slot-node.ts'
import { readSpawn } from './spawn-request.ts'
import { toWireError } from '../wire-error.ts'

/** How a system is stopped. */
export interface StopOptions {
  /** How long mail may still be handled, in milliseconds, 0 and more. Then what is left becomes dead letters. Default: 5,000. */
  readonly timeoutMs?: number
}

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
/** Between two looks at whether all mail has been handled. */
const LOOK_AGAIN_MS = 1

/** A running actor system. */
export class ActorSystem {
  readonly #group: SlotGroup
  readonly #main: ActorSlot
  readonly #sharesThread: boolean
  readonly #apis = new Map<number, Async<ActorSlotApi>>()
  readonly #incarnations: number[]
  readonly #escalationListeners = new Set<(error: Error, actorId: number) => void>()
  /** Losses of threads are dealt with one after the other. */
  #recovery: Promise<void> = Promise.resolve()
  #lostSlots = 0
  #nextSlot = 0
  #stopping: Promise<void> | undefined
  #onRootsGone: (() => void) | undefined

  /** Use `ActorSystem.start`. */
  private constructor(group: SlotGroup, sharesThread: boolean) {
    this.#group = group
    this.#sharesThread = sharesThread
    this.#incarnations = new Array<number>(group.count + 1).fill(0)
    this.#main = new ActorSlot(group.main, { incarnation: 0, sharesThread })
    this.#main.family.rootListener = {
      terminated: () => {
        if (this.#main.family.roots.size === 0) this.#onRootsGone?.()
      },
      escalated: (actor, error) => {
        this.#escalated(actor, error)
      },
    }
    this.#apis.set(0, asyncView(apiOf(this.#main)))
  }

  /**
   * Starts the slots. Rejects with `INVALID_ARGUMENT` (an unknown option), `INVALID_SLOTS`, `INVALID_HOST`, or what kept a thread from starting.
   *
   * @example
   *   const system = await ActorSystem.start({ slots: 2 })
   *   const counter = await system.spawn(Counter, { args: [10] })
   *   await counter.ask({ add: 5 }) // 15
   *   await system.stop()
   */
  static async start(options: ActorSystemOptions = {}): Promise<ActorSystem> {
    const group = await startHost(options)
    const sharesThread = options.host !== undefined && options.host !== 'threads'
    const system = new ActorSystem(group, sharesThread)
    try {
      await system.#load()
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
      throw new MillraceError(
        'SYSTEM_STOPPED',
        'spawn: expected a running system, got one that stops',
      )
    }
    const request = readSpawn(actor, options, this.#group.count)
    const slot = request.slot ?? this.#place()
    return (await this.#main.spawnRoot(request, slot)) as never
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
      sharesThread: this.#sharesThread,
      reportsDeadLetters: this.#main.deadLetters.observed,
    }
    this.#apis.set(slot, await this.#group.load(slot, actorSlotModule, argument, {}))
  }

  /** The slot from 1 to N with the fewest actors of the system's own; in turns where they are equal. */
  #place(): number {
    const { count } = this.#group
    const loads = new Array<number>(count + 1).fill(0)
    for (const child of this.#main.family.roots.values())
      loads[child.slot] = (loads[child.slot] ?? 0) + 1
    let best = 0
    for (let i = 0; i < count; i++) {
      const slot = ((this.#nextSlot + i) % count) + 1
      if (!this.#main.isUp(slot)) continue
      if (best === 0 || (loads[slot] ?? 0) < (loads[best] ?? 0)) best = slot
    }
    this.#nextSlot = best === 0 ? 0 : best % count
    return best === 0 ? 1 : best
  }

  #escalated(actor: number, error: unknown): void {
    this.#main.family.killRoot(actor)
    const shown = error instanceof Error ? error : new MillraceError('ERROR', String(error))
    if (this.#escalationListeners.size === 0) {
      process.emitWarning(`Actor ${actor} was stopped; it escalated: ${String(shown)}`)
    }
    for (const listener of this.#escalationListeners) listener(shown, actor)
  }

  #reportDeadLetters(): void {
    const on = this.#main.deadLetters.observed
    // As mail, so that it arrives before the messages that are sent next. A slot that is being replaced is told when it is loaded.
    for (const slot of this.#apis.keys()) if (slot !== 0) this.#main.askForDeadLetters(slot, on)
  }

  /** Slot `lost` has a new thread that knows nothing. */
  async #recover(lost: number, error: Error): Promise<void> {
    this.#lostSlots++
    this.#apis.delete(lost)
    const incarnation = (this.#incarnations[lost] ?? 0) + 1
    this.#incarnations[lost] = incarnation
    const wire = toWireError(error)
    // Slot 0 last: when its watchers hear of the loss, all other slots know of it.
    await this.#tellAll((api, slot) =>
      slot === 0 ? Promise.resolve() : api.slotLost(lost, wire, incarnation),
    )
    this.#main.slotLost(lost, error, incarnation)
    if (this.#stopping !== undefined) return
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
    const { clock } = this.#group.main.slot
    const deadlineMs = clock.monotonicMs() + timeoutMs
    const timeLeft = (): number => deadlineMs - clock.monotonicMs()
    await this.#settleMail(timeLeft)
    await this.#stopRoots(timeLeft)
    await this.#tellAll((api) => api.dispose())
    await this.#group.stop()
  }

  /** Waits until no slot has mail left and none is on its way, as far as the time goes. */
  async #settleMail(timeLeft: () => number): Promise<void> {
    let before: readonly ActorCounters[] = []
    for (;;) {
      const now = await this.#allCounters()
      if (isQuiet(before, now) || timeLeft() <= 0) return
      before = now
      await this.#pause(LOOK_AGAIN_MS)
    }
  }

  async #stopRoots(timeLeft: () => number): Promise<void> {
    const { roots } = this.#main.family
    if (roots.size === 0) return
    const gone = new Promise<void>((resolve) => {
      this.#onRootsGone = resolve
    })
    for (const [id, child] of roots) this.#main.stopChild(id, child)
    const { clock } = this.#group.main.slot
    let cancel = (): void => {}
    const late = new Promise<void>((resolve) => {
      cancel = clock.schedule(Math.max(0, timeLeft()), resolve)
    })
    await Promise.race([gone, late])
    cancel()
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#group.main.slot.clock.schedule(ms, resolve)
    })
  }
}

function total(slots: readonly ActorCounters[], field: keyof ActorCounters): number {
  return slots.reduce((sum, slot) => sum + slot[field], 0)
}
