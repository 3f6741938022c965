/**
 * Several slots on one thread, connected by links in memory: what the inline host and the simulator have in common.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { createMemoryLink } from '../mailbox/memory-link.ts'
import type { Clock } from './clock.ts'
import { asyncView, importExtension } from './extension.ts'
import type { WhenSettled } from './slot.ts'
import { SlotNode } from './slot-node.ts'
import type { Async, ModuleExport } from './slot-node.ts'

/** What all slots of a mesh share. */
export interface MeshEnvironment {
  /** Number of slots besides slot 0. */
  readonly slots: number
  readonly clock: Clock
  readonly random: () => number
  readonly wake: () => void
  readonly whenSettled: WhenSettled
}

/** Makes slot 0 to slot `slots`, each connected with each. */
export function createMesh(environment: MeshEnvironment): SlotNode[] {
  const slotCount = environment.slots + 1
  const nodes = Array.from(
    { length: slotCount },
    (_, index) => new SlotNode({ ...environment, index, slotCount }),
  )
  for (const a of nodes) {
    for (const b of nodes) {
      if (a.slot.index < b.slot.index) connectPair(a, b)
    }
  }
  return nodes
}

/** Loads an extension into a slot of the mesh; the calls between it and its coordinator stay asynchronous. */
export async function loadIntoMesh<Argument, Coordinator extends object, Api extends object>(
  nodes: readonly SlotNode[],
  slot: number,
  extension: ModuleExport,
  argument: Argument,
  coordinator: Coordinator,
): Promise<Async<Api>> {
  const node = nodes[slot]
  if (node === undefined || slot === 0) {
    const last = nodes.length - 1
    throw new MillraceError('UNKNOWN_SLOT', `Expected a slot from 1 to ${last}, got ${slot}`)
  }
  const load = await importExtension(extension)
  const api = await load(node, argument, asyncView(coordinator))
  return asyncView(api as Api)
}

function connectPair(a: SlotNode, b: SlotNode): void {
  const there = createMemoryLink()
  const back = createMemoryLink()
  a.connect(b.slot.index, there.sender, back.receiver)
  b.connect(a.slot.index, back.sender, there.receiver)
}
