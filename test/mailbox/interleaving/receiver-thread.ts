/**
 * Worker of the interleaving test: runs the receiver once per command, until the thread is terminated.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Aborted, Baton } from './baton.ts'
import { prepareReceiver } from './parties.ts'
import type { Scenario, Shared } from './parties.ts'

/** Words of `commands`: the number of the run to do, and of the run that is done. */
export const RUN = 0
export const DONE = 1
/** 1 when the receiver of the last run failed (not merely gave up). */
export const FAILED = 2

/** What the worker is started with. */
export interface ReceiverThreadData extends Shared {
  readonly control: Int32Array
  readonly commands: Int32Array
}

if (parentPort !== null) serve(workerData)

function serve(data: ReceiverThreadData): void {
  const { commands } = data
  let scenario: Scenario | undefined
  for (let run = 0; ; run++) {
    Atomics.wait(commands, RUN, run)
    scenario = (parentPort && receiveMessageOnPort(parentPort))?.message ?? scenario
    if (scenario === undefined) return
    const baton = new Baton(data.control, 1)
    const receive = prepareReceiver(data, scenario, baton)
    let failed = 0
    try {
      baton.run(receive)
    } catch (error) {
      failed = error instanceof Aborted ? 0 : 1
    }
    Atomics.store(commands, FAILED, failed)
    Atomics.store(commands, DONE, run + 1)
    Atomics.notify(commands, DONE)
  }
}
