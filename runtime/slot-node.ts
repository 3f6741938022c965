/**
 * A slot with its router and links: all that lives on one thread besides the actors. Made by a host.
 */
import type { LinkReceiver, LinkSender } from '../mailbox/link.ts'
import { Peer } from './peer.ts'
import { Router } from './router.ts'
import { Slot } from './slot.ts'
import type { SlotEnvironment } from './slot.ts'

/** What runs on a slot is built from this. */
export class SlotNode {
  readonly slot: Slot
  readonly router = new Router()

  constructor(environment: SlotEnvironment) {
    this.slot = new Slot(environment)
  }

  /** Connects this slot with slot `index`, or connects it anew after that slot's thread was replaced. */
  connect(index: number, sender: LinkSender, receiver: LinkReceiver): void {
    this.slot.connect(new Peer(index, sender, receiver, this.router))
  }
}

/**
 * What a module exports to put something on a slot: it gets the node, a plain-data argument and the coordinator's side, and
 * returns what the coordinator may call.
 *
 * `Coordinator` and the returned object have methods only; with threads every call is asynchronous and
 * arguments and results are structured clones.
 */
export type SlotExtension<Argument, Coordinator extends object, Api extends object> = (
  node: SlotNode,
  argument: Argument,
  coordinator: Async<Coordinator>,
) => Api | Promise<Api>

/** The same methods, each answering with a promise: what is left of an object behind a thread boundary. */
export type Async<Api> = {
  readonly [Key in keyof Api]: Api[Key] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

/** A module and the name of its export. The URL is absolute (`file:`). */
export interface ModuleExport {
  readonly url: string
  readonly name: string
}

/** The slots of one system, driven by some host. Used from the thread that started them. */
export interface SlotGroup {
  /** Slot 0, on the calling thread. */
  readonly main: SlotNode
  /** Number of slots besides slot 0; their indexes are 1 to `count`. */
  readonly count: number
  /** Loads an extension (see `SlotExtension`) into a slot and returns what it offers. */
  load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>>
  /**
   * Called when a slot was lost with its thread (`SLOT_LOST`, with the cause), after it has been replaced by a new empty one.
   */
  onLost(listener: (slot: number, error: Error) => void): void
  /** Ends all slots. Resolves when their threads are gone. Calling it again returns the same promise. */
  stop(): Promise<void>
}
