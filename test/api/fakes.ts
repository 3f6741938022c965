/**
 * Sources, sinks and short cuts for the tests of `api/`, where nothing ever runs.
 */
import * as assert from 'uvu/assert'
import type { Environment } from '../../api/environment.ts'
import type { JobGraph } from '../../api/graph.ts'
import { buildGraph, defineJob } from '../../api/job.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink } from '../../operators/sink.ts'
import type { Source } from '../../operators/source.ts'

export interface Flight {
  readonly origin: string
  readonly delay: number
  readonly date: number
}

/** A source of any type that is never opened. */
export function fakeSource<T = Flight>(
  name = 'flights',
  maxParallelism?: number,
): Source<T, string, number> {
  const neverRuns = (): never => {
    throw new Error('nothing runs here')
  }
  return {
    name,
    enumerate: neverRuns,
    open: neverRuns,
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
  }
}

/** A sink of any type that is never opened. */
export function fakeSink<T = unknown>(name = 'out', maxParallelism?: number): Sink<T> {
  const open = (): never => {
    throw new Error('nothing runs here')
  }
  return { name, open, ...(maxParallelism === undefined ? {} : { maxParallelism }) }
}

/** The graph of a job made in place. */
export function graphOf(build: (env: Environment) => void | Promise<void>): Promise<JobGraph> {
  return buildGraph(defineJob('test job', build))
}

/** Asserts that `action` fails with a MillraceError of this code and returns it. */
export async function failure(code: string, action: () => unknown): Promise<MillraceError> {
  let error: unknown
  try {
    await action()
  } catch (thrown) {
    error = thrown
  }
  assert.instance(error, MillraceError, `expected a failure with ${code}`)
  assert.is((error as MillraceError).code, code, String(error))
  return error as MillraceError
}
