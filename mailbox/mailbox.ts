/**
 * The bounded mailbox of one actor. Used by the actor's slot only.
 *
 * - Control mail comes first and has no bound of its own: it is rare, and the runtime's protocol limits it.
 * - Data comes in channels, each with its own queue and its own bound. The bound is never reached by
 *   waiting: a sender holds a credit for each item, so an item too many means that the credits are broken.
 * - Items of one channel keep their order. Among channels `take` goes round, one item each.
 * - A blocked channel keeps receiving, and `take` passes it over.
 *
 * All operations are O(1), and nothing is allocated per item.
 *
 * The round: each channel with something to take stands in a queue once. `take` serves the first and lets
 * it queue again at the end. A channel that was blocked while it stood there is dropped when its turn comes.
 */
import { MillraceError } from './errors.ts'
import { Fifo } from './fifo.ts'

/** One data channel; a class so that all have one shape. */
class Channel<Item> {
  readonly id: number
  readonly index: number
  readonly capacity: number
  readonly items = new Fifo<Item>()
  blocked = false
  /** Items beyond the bound that are in it. */
  extras = 0
  /** Whether it stands in the round. */
  queued = false

  constructor(id: number, index: number, capacity: number) {
    this.id = id
    this.index = index
    this.capacity = capacity
  }
}

/** Control mail of one type, data items of another. */
export class Mailbox<Control, Item> {
  readonly #controls = new Fifo<Control>()
  readonly #channels: Channel<Item>[] = []
  readonly #round = new Fifo<Channel<Item>>()
  #size = 0
  #takeable = 0
  #lastChannel = -1

  /** Items in all channels, blocked ones included; control mail not. */
  get size(): number {
    return this.#size
  }

  /** Items that `take` would hand out: those of channels that are not blocked. */
  get takeable(): number {
    return this.#takeable
  }

  /** Control mails that wait. */
  get controlSize(): number {
    return this.#controls.size
  }

  /** Number of channels. */
  get channelCount(): number {
    return this.#channels.length
  }

  /** Index of the channel of the item that `take` returned last, -1 before the first. */
  get lastChannel(): number {
    return this.#lastChannel
  }

  /**
   * Adds an empty channel and returns its index, counted from 0.
   *
   * @param id the channel's number on its link, for messages only
   * @param capacity items it holds at most: the credit window of its sender
   * @throws {MillraceError} `INVALID_ARGUMENT` when the capacity is not a positive integer
   */
  addChannel(id: number, capacity: number): number {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `Mailbox.addChannel: capacity of channel ${id} must be an integer of at least 1, got ${capacity}`,
      )
    }
    const index = this.#channels.length
    this.#channels.push(new Channel(id, index, capacity))
    return index
  }

  /** Items in one channel. Throws `UNKNOWN_CHANNEL`. */
  sizeOf(channel: number): number {
    return this.#channel(channel).items.size
  }

  /** Whether a channel is blocked. Throws `UNKNOWN_CHANNEL`. */
  isBlocked(channel: number): boolean {
    return this.#channel(channel).blocked
  }

  /**
   * Appends an item to a channel, blocked or not.
   *
   * @throws {MillraceError} `MAILBOX_OVERFLOW` when the channel is full, which is a broken credit invariant;
   *   `UNKNOWN_CHANNEL`. Nothing was put in then.
   */
  offer(channel: number, item: Item): void {
    const target = this.#channel(channel)
    if (target.items.size - target.extras >= target.capacity) {
      throw new MillraceError(
        'MAILBOX_OVERFLOW',
        `mailbox: channel ${target.id} (index ${channel}) has room for ${target.capacity} items and got one more; its sender used credits that it did not have`,
      )
    }
    this.#append(target, item)
  }

  /**
   * Appends an item for which the sender needed no credit, because it must come through whatever is full: it does not count against
   * the capacity. Rare, and limited by the protocol. When it is taken, `extraTaken` must follow. Throws `UNKNOWN_CHANNEL`.
   */
  offerExtra(channel: number, item: Item): void {
    const target = this.#channel(channel)
    target.extras += 1
    this.#append(target, item)
  }

  /** The item that `take` has returned last was one beyond the bound. */
  extraTaken(): void {
    this.#channel(this.#lastChannel).extras -= 1
  }

  /** What lies in a channel, blocked or not, the oldest first: a copy. Throws `UNKNOWN_CHANNEL`. */
  itemsOf(channel: number): Item[] {
    return this.#channel(channel).items.toArray()
  }

  /** Appends control mail. */
  offerControl(mail: Control): void {
    this.#controls.push(mail)
  }

  /** The oldest control mail, or undefined. To be emptied before each `take`. */
  takeControl(): Control | undefined {
    return this.#controls.shift()
  }

  /** The next item, one channel after the other, or undefined when no channel has any to take. */
  take(): Item | undefined {
    for (let next = this.#round.shift(); next !== undefined; next = this.#round.shift()) {
      next.queued = false
      if (next.blocked) continue
      const item = next.items.shift()
      this.#size -= 1
      this.#takeable -= 1
      this.#lastChannel = next.index
      if (next.items.size > 0) this.#enterRound(next)
      return item
    }
    return undefined
  }

  /** Makes `take` pass a channel over, for example until the barriers of the others are there. Twice is once. */
  block(channel: number): void {
    const target = this.#channel(channel)
    if (target.blocked) return
    target.blocked = true
    this.#takeable -= target.items.size
  }

  /** Undoes `block`. */
  unblock(channel: number): void {
    const target = this.#channel(channel)
    if (!target.blocked) return
    target.blocked = false
    this.#takeable += target.items.size
    if (target.items.size > 0) this.#enterRound(target)
  }

  #append(target: Channel<Item>, item: Item): void {
    target.items.push(item)
    this.#size += 1
    if (target.blocked) return
    this.#takeable += 1
    this.#enterRound(target)
  }

  #enterRound(channel: Channel<Item>): void {
    if (channel.queued) return
    channel.queued = true
    this.#round.push(channel)
  }

  #channel(channel: number): Channel<Item> {
    const found = this.#channels[channel]
    if (found !== undefined) return found
    throw new MillraceError(
      'UNKNOWN_CHANNEL',
      `mailbox: expected the index of one of ${this.#channels.length} channels, got ${channel}`,
    )
  }
}
