/**
 * The slots of a simulated machine and what hangs on them: the links of their control plane, and the operations that they wait for.
 * On the simulator's thread.
 *
 *     alive ──► lost: one thread is gone (`lose`) ──► replaced: new slots in the place of all (`replaceAll`) ──► alive
 *       │                                                  ▲
 *       └──► threads ended (`endThreads`); slot 0 goes on ─┘
 *       └──► ended, slot 0 too (`endAll`)
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Clock } from '../clock.ts'
import { importExtension } from '../extension.ts'
import type { Async, ModuleExport, SlotExtension, SlotNode } from '../slot-node.ts'
import { ControlLink } from './control-link.ts'
import { HeldOperations } from './held-operations.ts'
import { createSimulatedMesh } from './simulated-mesh.ts'
import type { LivingSlot } from './simulated-mesh.ts'

/** What the slots of a machine are made with, each time anew. */
export interface SimulatedSlotsOptions {
  /** Number of slots besides slot 0. */
  readonly count: number
  readonly clock: Clock
  readonly random: () => number
  /** Called when there is something to choose, or to wait for. */
  readonly wake: () => void
  /** Hears of every frame that is taken from a link. Undefined: nobody does. */
  readonly onFrame: ((text: string) => void) | undefined
}

/** See the head of this file. */
export class SimulatedSlots {
  /** Those of all slots that there have been. */
  readonly operations: HeldOperations
  readonly #options: SimulatedSlotsOptions
  #living: readonly LivingSlot[] = []
  #controls: readonly ControlLink[] = []
  /** Slots whose threads are gone, while others go on. */
  readonly #lost = new Set<number>()
  /** Messages of the links before the last `replaceAll`. */
  #deliveredBefore = 0

  constructor(options: SimulatedSlotsOptions) {
    this.#options = options
    this.operations = new HeldOperations(options.wake)
    this.#make()
  }

  /** Slot 0; after `replaceAll` another one. */
  get main(): SlotNode {
    return (this.#living[0] as LivingSlot).node
  }

  /** All slots, slot 0 first; dead ones too. */
  get living(): readonly LivingSlot[] {
    return this.#living
  }

  /** The links of slot 1 and those that follow. */
  get controls(): readonly ControlLink[] {
    return this.#controls
  }

  /** Messages of the control plane that have arrived so far. */
  get delivered(): number {
    let delivered = this.#deliveredBefore
    for (const control of this.#controls) delivered += control.delivered
    return delivered
  }

  /** The link of a slot, from 1 on. */
  control(slot: number): ControlLink | undefined {
    return this.#controls[slot - 1]
  }

  /** Starts an extension on a slot. Errors: `UNKNOWN_SLOT`, those of the extension, that of a slot that dies meanwhile. */
  async load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    const living = this.#living[slot]
    const control = this.control(slot)
    if (living === undefined || control === undefined) {
      throw new MillraceError(
        'UNKNOWN_SLOT',
        `Expected a slot from 1 to ${this.#options.count}, got ${slot}`,
      )
    }
    // Before the message, so that no step depends on how long a file takes to load.
    const load = await imported(extension)
    return control.ask(
      () => 'load',
      async () => {
        const api = await load(living.node, argument, control.mainView(coordinator))
        return control.slotView(api as Api)
      },
    )
  }

  /** The thread of a slot is gone. False when it was before. */
  lose(slot: number): boolean {
    const { life } = this.#living[slot] as LivingSlot
    if (!life.alive) return false
    life.alive = false
    this.#lost.add(slot)
    this.operations.forgetDead()
    for (const { node } of this.#living) node.slot.disconnect(slot)
    return true
  }

  /** All threads are gone but slot 0; whoever waits for an answer of theirs gets this error. */
  endThreads(error: Error): void {
    for (const control of this.#controls) control.close(error)
    for (const { life } of this.#living) if (life.index > 0) life.alive = false
    this.operations.forgetDead()
  }

  /** All slots are gone, and nobody hears of it. */
  endAll(): void {
    for (const { life } of this.#living) life.alive = false
    this.operations.forgetDead()
  }

  /** New slots in the place of all. What the old ones had is gone; whoever waits for an answer of theirs gets this error. */
  replaceAll(error: Error): void {
    this.endThreads(error)
    this.#deliveredBefore = this.delivered
    this.#lost.clear()
    this.#make()
  }

  /** Which slots are lost, and which messages are on their way, a line each. */
  *describe(): Generator<string> {
    for (const [i, control] of this.#controls.entries()) {
      if (this.#lost.has(i + 1)) yield `slot ${i + 1} is lost`
      if (control.queued > 0) yield `${control.queued} messages between main and slot ${i + 1}`
    }
  }

  #make(): void {
    const { count, clock, random, wake, onFrame } = this.#options
    this.#living = createSimulatedMesh({
      slots: count,
      clock,
      random,
      wake,
      whenSettled: (life) => (promise, onValue, onError) => {
        this.operations.hold(life, promise, onValue, onError)
      },
      onFrame,
    })
    this.#controls = Array.from({ length: count }, (_, i) => new ControlLink(i + 1, wake))
  }
}

const extensions = new Map<string, Promise<SlotExtension<unknown, object, object>>>()

/** Asks for each export once: a module is loaded once. */
function imported(extension: ModuleExport): Promise<SlotExtension<unknown, object, object>> {
  const key = `${extension.url}#${extension.name}`
  const known = extensions.get(key) ?? importExtension(extension)
  extensions.set(key, known)
  return known
}
