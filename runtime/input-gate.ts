/**
 * The receiving end of all input channels of one subtask: its bounded mailbox.
 *
 * Used by the slot's thread only. Taking an item gives its credit back to the sender, half a window at a time. A barrier that has
 * overtaken had no credit and takes no room.
 */
import { CreditReturn } from '../mailbox/credits.ts'
import { Mailbox } from '../mailbox/mailbox.ts'
import { CHANNEL_CREDITS, OVERTAKEN } from './output-channel.ts'
import type { ChannelItem, OutputChannel } from './output-channel.ts'
import type { Peer } from './peer.ts'
import type { Slot, SlotActor } from './slot.ts'

/** Where the credits of an input channel go back to. */
export type CreditTarget =
  | { readonly kind: 'local'; readonly output: OutputChannel }
  | { readonly kind: 'remote'; readonly peer: Peer; readonly channel: number }

/** Told of each item when it comes in, which may be in the turn of another actor: may only take notes. Must not throw. */
export interface ArrivalListener {
  arrived(channel: number, item: ChannelItem): void
}

/** The mailbox of a subtask. */
export class InputGate {
  /** Bytes that came in over links. Written by the router. */
  bytesIn = 0
  /** Who hears of what comes in, if anybody. */
  arrivals: ArrivalListener | undefined
  readonly #slot: Slot
  readonly #owner: SlotActor
  readonly #mailbox = new Mailbox<never, ChannelItem>()
  readonly #returns: CreditReturn[] = []
  readonly #targets: (CreditTarget | undefined)[] = []

  constructor(slot: Slot, owner: SlotActor) {
    this.#slot = slot
    this.#owner = owner
  }

  /** Number of input channels. */
  get channelCount(): number {
    return this.#returns.length
  }

  /** Adds a channel and returns its index, counted from 0. */
  addChannel(): number {
    const index = this.#returns.length
    this.#mailbox.addChannel(index, CHANNEL_CREDITS)
    this.#returns.push(new CreditReturn(CHANNEL_CREDITS))
    this.#targets.push(undefined)
    return index
  }

  /** Says where the credits of a channel go. Needed before the first item is taken. */
  setCreditTarget(channel: number, target: CreditTarget): void {
    this.#targets[channel] = target
  }

  /** Puts an item in; the sender held a credit, so there is room. */
  offer(channel: number, item: ChannelItem): void {
    if (hasOvertaken(item)) this.#mailbox.offerExtra(channel, item)
    else this.#mailbox.offer(channel, item)
    this.arrivals?.arrived(channel, item)
    this.#slot.ready(this.#owner)
  }

  /** Makes `take` pass a channel over: it goes on receiving, gives no credits back, and so stops its sender. Twice is once. */
  block(channel: number): void {
    this.#mailbox.block(channel)
  }

  /** Undoes `block`. */
  unblock(channel: number): void {
    this.#mailbox.unblock(channel)
    this.#slot.ready(this.#owner)
  }

  /** What has come in for the owner could not be read: it fails. */
  fail(error: unknown): void {
    this.#owner.turnFailed(error)
  }

  /** The next item, fair among the channels, or undefined. `lastChannel` says where it came from. */
  take(): ChannelItem | undefined {
    const item = this.#mailbox.take()
    if (item === undefined) return undefined
    if (hasOvertaken(item)) this.#mailbox.extraTaken()
    else this.#giveBack(this.#mailbox.lastChannel)
    return item
  }

  /** What waits in a channel, blocked or not, the oldest first: a copy of the list. */
  waiting(channel: number): readonly ChannelItem[] {
    return this.#mailbox.itemsOf(channel)
  }

  /** The channel of the item that `take` returned last. */
  get lastChannel(): number {
    return this.#mailbox.lastChannel
  }

  #giveBack(channel: number): void {
    const due = this.#returns[channel]?.consumed(1) ?? 0
    if (due === 0) return
    const target = this.#targets[channel]
    if (target === undefined) return
    if (target.kind === 'local') target.output.grant(due)
    else target.peer.grant(target.channel, due)
  }
}

function hasOvertaken(item: ChannelItem): boolean {
  return 'kind' in item && item.kind === 'barrier' && item.alignedUntilMs === OVERTAKEN
}
