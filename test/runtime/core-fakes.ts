/** Small stand-ins for what surrounds the parts of a slot. */
import { InputGate } from '../../runtime/input-gate.ts'
import type { Progress } from '../../runtime/load-meter.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'
import type { ChannelEvent, ChannelItem, ChannelTransport } from '../../runtime/output-channel.ts'
import { settleAtOnce, Slot } from '../../runtime/slot.ts'
import type { SlotActor } from '../../runtime/slot.ts'
import { createMesh } from '../../runtime/slot-mesh.ts'
import type { SlotNode } from '../../runtime/slot-node.ts'

/** A slot of its own, on a clock that stands still. */
export function testSlot(clock = new ManualClock()): Slot {
  return new Slot({
    index: 1,
    slotCount: 2,
    clock,
    random: () => 0.5,
    whenSettled: settleAtOnce,
    wake: () => {},
  })
}

/** Slot 0 and slot 1, connected; nobody drives them. */
export function testMesh(clock = new ManualClock()): readonly [SlotNode, SlotNode] {
  const [a, b] = createMesh({
    slots: 1,
    clock,
    random: () => 0.5,
    whenSettled: settleAtOnce,
    wake: () => {},
  })
  return [a!, b!]
}

/** An actor that does what it is told, and counts. */
export class FakeActor implements SlotActor {
  scheduled = false
  turns = 0
  readonly errors: unknown[] = []
  readonly label: string
  readonly bringsWork: boolean
  readonly #act: (turn: number) => Progress

  constructor(label: string, act: (turn: number) => Progress = () => 'idle', bringsWork = false) {
    this.label = label
    this.bringsWork = bringsWork
    this.#act = act
  }

  turn(): Progress {
    return this.#act(this.turns++)
  }

  turnFailed(error: unknown): void {
    this.errors.push(error)
  }
}

/** Keeps what a channel sends: records as arrays, events as they are. */
export class RecordingTransport implements ChannelTransport {
  readonly copies = false
  readonly sent: (readonly unknown[] | ChannelEvent)[] = []

  records(values: unknown[], _timestamps: Float64Array, length: number): number {
    this.sent.push(values.slice(0, length))
    return 0
  }

  event(event: ChannelEvent): void {
    this.sent.push(event)
  }

  /** The sizes of the batches and the kinds of the events, in their order. */
  get shapes(): (number | string)[] {
    return this.sent.map((item) => ('kind' in item ? item.kind : item.length))
  }
}

/** A gate with one channel whose owner does nothing. */
export function testGate(slot: Slot): { readonly gate: InputGate; readonly owner: FakeActor } {
  const owner = new FakeActor('receiver')
  const gate = new InputGate(slot, owner)
  gate.addChannel()
  return { gate, owner }
}

/** Takes what is there. */
export function takeAll(gate: InputGate, most = Infinity): ChannelItem[] {
  const items: ChannelItem[] = []
  while (items.length < most) {
    const item = gate.take()
    if (item === undefined) break
    items.push(item)
  }
  return items
}
