/**
 * The slots of a simulator, connected by links in memory, each with a life of its own: what belongs to a dead slot does nothing more.
 */
import { decodeFrame } from '../../mailbox/frame-codec.ts'
import type { LinkReceiver } from '../../mailbox/link.ts'
import { createMemoryLink } from '../../mailbox/memory-link.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { WhenSettled } from '../slot.ts'
import { SlotNode } from '../slot-node.ts'

/** The last moment that a date can name. */
const MAX_DATE_MS = 8_640_000_000_000_000

/** Whether what belongs to a slot still counts. Slot 0 lives as long as the simulator. */
export interface SlotLife {
  readonly index: number
  alive: boolean
}

/** A slot and its life. */
export interface LivingSlot {
  readonly node: SlotNode
  readonly life: SlotLife
}

/** What the slots of a mesh are made with. */
export interface SimulatedMeshOptions {
  /** Number of slots besides slot 0. */
  readonly slots: number
  readonly clock: Clock
  readonly random: () => number
  readonly wake: () => void
  /** Waits for an operation of this slot. */
  readonly whenSettled: (life: SlotLife) => WhenSettled
  /** Hears of every frame that is taken from a link. Undefined: nobody does. */
  readonly onFrame: ((text: string) => void) | undefined
}

/** Makes slot 0 to slot `slots`, each connected with each. */
export function createSimulatedMesh(options: SimulatedMeshOptions): LivingSlot[] {
  const slotCount = options.slots + 1
  const living = Array.from({ length: slotCount }, (_, index) => livingSlot(index, options))
  for (const { node: a } of living) {
    for (const { node: b } of living) {
      if (a.slot.index < b.slot.index) connectPair(a, b, options.onFrame)
    }
  }
  return living
}

function livingSlot(index: number, options: SimulatedMeshOptions): LivingSlot {
  const life = { index, alive: true }
  const wake = (): void => {
    if (life.alive) options.wake()
  }
  const node = new SlotNode({
    index,
    slotCount: options.slots + 1,
    clock: new SlotClock(options.clock, life, wake),
    random: options.random,
    wake,
    whenSettled: options.whenSettled(life),
  })
  return { node, life }
}

function connectPair(a: SlotNode, b: SlotNode, onFrame: SimulatedMeshOptions['onFrame']): void {
  const there = createMemoryLink()
  const back = createMemoryLink()
  a.connect(b.slot.index, there.sender, watched(back.receiver, onFrame))
  b.connect(a.slot.index, back.sender, watched(there.receiver, onFrame))
}

/** Whether the slot whose clock this is still counts; true for every other clock. */
export function isAlive(clock: Clock | undefined): boolean {
  return !(clock instanceof SlotClock) || clock.alive
}

/** The simulator's clock, as one slot has it: a thread's timers end with it. */
class SlotClock implements Clock {
  readonly #clock: Clock
  readonly #life: SlotLife
  readonly #wake: () => void

  constructor(clock: Clock, life: SlotLife, wake: () => void) {
    this.#clock = clock
    this.#life = life
    this.#wake = wake
  }

  get alive(): boolean {
    return this.#life.alive
  }

  now(): number {
    return this.#clock.now()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    const cancel = this.#clock.schedule(delayMs, () => {
      if (this.#life.alive) callback()
    })
    this.#wake()
    return cancel
  }
}

function watched(receiver: LinkReceiver, onFrame: SimulatedMeshOptions['onFrame']): LinkReceiver {
  if (onFrame === undefined) return receiver
  return {
    get hasMail() {
      return receiver.hasMail
    },
    receive() {
      const bytes = receiver.receive()
      if (bytes !== undefined) onFrame(frameText(bytes))
      return bytes
    },
  }
}

function frameText(bytes: Uint8Array): string {
  const frame = decodeFrame(bytes)
  switch (frame.kind) {
    case 'records':
      return `batch of ${frame.length} on channel ${frame.channel}`
    case 'watermark':
      return `watermark ${timeText(frame.timestamp)} on channel ${frame.channel}`
    case 'idle':
      return `idle on channel ${frame.channel}`
    case 'barrier':
      return `barrier of checkpoint ${frame.checkpointId} on channel ${frame.channel}`
    case 'end':
      return `end of channel ${frame.channel}`
    case 'credit':
      return `credits for channels ${frame.channels.join(', ')}`
    case 'message':
      return `${frame.length} messages`
    case 'control':
      return `${frame.mails.length} mails of the runtime`
  }
}

/** An event time as people read it; the smallest and the largest have no date. */
export function timeText(timestamp: number): string {
  return Math.abs(timestamp) <= MAX_DATE_MS ? new Date(timestamp).toISOString() : String(timestamp)
}
