/**
 * The host that needs no threads: all slots take turns on the calling thread. The same engine, the same frames, for tests,
 * embedding and a REPL.
 */
import { settleAtOnce } from './slot.ts'
import { createMesh, loadIntoMesh } from './slot-mesh.ts'
import type { Async, ModuleExport, SlotGroup, SlotNode } from './slot-node.ts'
import { systemClock } from './system-clock.ts'

/** How many slots the inline host makes. */
export interface InlineHostOptions {
  /** Number of slots besides slot 0. 1 to 256. */
  readonly slots: number
}

/** Starts slots on the calling thread. They run whenever the event loop gives them a turn. */
export function startInlineHost(options: InlineHostOptions): SlotGroup {
  return new InlineHost(options.slots)
}

class InlineHost implements SlotGroup {
  readonly main: SlotNode
  readonly count: number
  readonly #nodes: readonly SlotNode[]
  #scheduled: NodeJS.Immediate | undefined
  #stopped = false

  constructor(slots: number) {
    this.count = slots
    this.#nodes = createMesh({
      slots,
      clock: systemClock,
      random: Math.random,
      whenSettled: settleAtOnce,
      wake: () => {
        this.#schedule()
      },
    })
    this.main = this.#nodes[0] as SlotNode
  }

  onLost(): void {
    // The slots live and die with the calling thread.
  }

  load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    return loadIntoMesh(this.#nodes, slot, extension, argument, coordinator)
  }

  stop(): Promise<void> {
    this.#stopped = true
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled)
    return Promise.resolve()
  }

  #schedule(): void {
    if (this.#scheduled !== undefined || this.#stopped) return
    this.#scheduled = setImmediate(() => {
      this.#round()
    })
  }

  /** One turn of every slot; each round starts from the event loop, so timers and promises go on. */
  #round(): void {
    this.#scheduled = undefined
    for (const node of this.#nodes) node.slot.turn()
    if (this.#nodes.some((node) => node.slot.hasWork)) this.#schedule()
  }
}
