/**
 * All messages of the control plane between the coordinator (slot 0's thread) and the other slots, in one place.
 *
 * Frames of the data plane stand in `mailbox/frame.ts`, the mails between actors in `actor-mail.ts`.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ModuleExport } from './slot-node.ts'

/** Raised whenever a message changes its meaning: coordinator and slots must agree. */
export const PROTOCOL_VERSION = 1

/** The shared memory of the pair of links between two slots, as one of them sees it. */
export interface LinkBuffers {
  /** The other slot. */
  readonly peer: number
  /** The ring that this slot writes. */
  readonly outbound: SharedArrayBuffer
  /** The ring that this slot reads. */
  readonly inbound: SharedArrayBuffer
}

/** The task that a thread of the pool gets: be this slot until you are told to stop. */
export interface SlotTask {
  readonly version: number
  readonly index: number
  readonly slotCount: number
  /** One doorbell word per slot. */
  readonly bells: SharedArrayBuffer
  readonly links: readonly LinkBuffers[]
  readonly controlPort: MessagePort
}

/** What the coordinator can call on a slot. */
export interface SlotControl {
  /** Resolves when the slot's loop runs, and later as a sign of life: between two turns. */
  ready(): void
  /** Connects the slot anew with a slot whose thread was replaced. */
  reconnect(link: LinkBuffers): void
  /** Loads an extension (see `SlotExtension`); it talks with its coordinator over a port of its own. */
  load(extension: ModuleExport, argument: unknown, port: MessagePort): Promise<void>
  /** Ends the loop after its current turn. */
  stop(): void
}

/** What a slot can call on the coordinator. */
export interface CoordinatorControl {
  /** A frame could not be understood: a fault of Millrace itself. */
  damaged(from: number, message: string): void
}
