/**
 * One process of a simulated run: runs the job until it has ended, the process dies, or nothing goes on.
 */
import type { RunOptions } from '../../execution/run-options.ts'
import { resolveOptions } from '../../execution/run-options.ts'
import { Coordinator } from '../../execution/coordinator.ts'
import { JobHandle } from '../../execution/run-job.ts'
import type { JobResult } from '../../execution/run-job.ts'
import type { Surroundings } from '../../execution/surroundings.ts'
import type { Simulator } from '../../../runtime/simulator.ts'
import { MillraceError } from '../../../mailbox/errors.ts'
import type { JobDefinition } from '../../job.ts'

/** How a process has ended. */
export type ProcessEnd =
  | {
      readonly kind: 'finished'
      readonly result: JobResult
      /** What was read of the collected streams. */
      readonly collected: ReadonlyMap<string, readonly unknown[]>
    }
  | { readonly kind: 'killed' }
  /** `deployed`: before that, no fault is survived. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly deployed: boolean }
  | { readonly kind: 'no progress'; readonly message: string }

/** What runs, and on what. */
export interface ProcessParts {
  readonly job: JobDefinition
  readonly simulator: Simulator
  readonly surroundings: Surroundings
  readonly options: RunOptions
}

/** Runs a process to its end. Never rejects because of the job. Errors: those of `resolveOptions`. */
export function runProcess(parts: ProcessParts): Promise<ProcessEnd> {
  const { job, simulator, surroundings } = parts
  const options = { ...resolveOptions({ ...parts.options, host: simulator }, false), surroundings }
  return new Promise((resolve) => {
    const end = (how: ProcessEnd): void => {
      resolve(how)
      // Whatever the job has left behind ends with its process.
      simulator.kill()
    }
    simulator.onKilled = () => {
      resolve({ kind: 'killed' })
    }
    simulator.onStandstill = (operations) => {
      const waits = operations > 0 ? `; ${operations} operations wait for something outside` : ''
      end({ kind: 'no progress', message: `nothing can happen any more${waits}` })
    }
    const handle = new JobHandle(new Coordinator({ kind: 'value', job }, options))
    let deployed = false
    const tellDeployed = (): void => {
      deployed = true
    }
    runToEnd(handle, tellDeployed).then(end, (error: unknown) => {
      end(asEnd(error, deployed))
    })
  })
}

async function runToEnd(handle: JobHandle, tellDeployed: () => void): Promise<ProcessEnd> {
  const result = handle.result()
  result.catch(() => {})
  const names = await handle.collected()
  tellDeployed()
  const reading = names.map(async (name) => {
    const rows: unknown[] = []
    for await (const row of handle.collect(name)) rows.push(row)
    return [name, rows] as const
  })
  const [finished, ...collected] = await Promise.all([result, ...reading])
  return { kind: 'finished', result: finished, collected: new Map(collected) }
}

function asEnd(error: unknown, deployed: boolean): ProcessEnd {
  const cause = rootOf(error)
  if (cause instanceof MillraceError && cause.code === 'SIMULATION_TOO_LONG')
    return { kind: 'no progress', message: cause.message }
  return { kind: 'failed', error, deployed }
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error
}
