/**
 * The entry of a pool thread: builds the slot it is told to be and runs its loop until it is stopped.
 *
 * Life cycle: the pool calls the default export once per thread; the promise it returns settles when the
 * slot has been stopped. An uncaught error in user code ends the thread, and the host replaces it.
 */
import { Doorbell } from '../mailbox/doorbell.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { RingLinkReceiver, RingLinkSender } from '../mailbox/ring-link.ts'
import { openControlPort } from './control-port.ts'
import { loadExtension } from './extension.ts'
import { PROTOCOL_VERSION } from './protocol.ts'
import type { CoordinatorControl, LinkBuffers, SlotControl, SlotTask } from './protocol.ts'
import { runSlotLoop } from './slot-loop.ts'
import { settleAtOnce } from './slot.ts'
import { SlotNode } from './slot-node.ts'
import { systemClock } from './system-clock.ts'

/**
 * How long a thread with nothing to do waits blocked, in milliseconds, before it waits asynchronously: long enough to answer a
 * quick reply in 2 µs instead of 45 µs, too short for a timer or socket to notice.
 */
const BLOCK_MS = 0.05

/** Runs one slot on this thread. Resolves when the coordinator stops it. */
export default async function runSlot(task: SlotTask): Promise<void> {
  if (task.version !== PROTOCOL_VERSION) {
    throw new MillraceError(
      'PROTOCOL_MISMATCH',
      `Expected protocol version ${PROTOCOL_VERSION}, got ${task.version}: two versions of millrace are mixed`,
    )
  }
  const words = new Int32Array(task.bells)
  const bell = new Doorbell(words, task.index)
  const node = new SlotNode({
    index: task.index,
    slotCount: task.slotCount,
    clock: systemClock,
    random: Math.random,
    whenSettled: settleAtOnce,
    wake: () => {
      bell.wakeLocally()
    },
  })

  function connect(link: LinkBuffers): void {
    const peerBell = new Doorbell(words, link.peer)
    node.connect(
      link.peer,
      new RingLinkSender(link.outbound, peerBell),
      new RingLinkReceiver(link.inbound, peerBell),
    )
  }

  let stopped = false
  const control: SlotControl = {
    ready: () => {},
    reconnect: connect,
    load: async (extension, argument, port) => {
      await loadExtension(node, extension, argument, port)
    },
    stop: () => {
      stopped = true
      bell.wakeLocally()
    },
  }
  const coordinator = openControlPort<CoordinatorControl>(task.controlPort, control)
  node.router.onDamage((error, from) => {
    void coordinator.remote.damaged(from, String(error))
  })
  for (const link of task.links) connect(link)
  await runSlotLoop(node.slot, bell, { blockMs: BLOCK_MS, stopped: () => stopped })
  task.controlPort.close()
  await Promise.all([handedOver(process.stdout), handedOver(process.stderr)])
}

/** What user code has printed goes to the main thread by mail, which would be lost with the thread. */
function handedOver(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve()
    })
  })
}
