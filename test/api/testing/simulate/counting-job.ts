/** A job for simulations: its output tells lost records from doubled ones. */
import { count, defineJob } from '../../../../api/index.ts'
import type { JobDefinition, Source } from '../../../../api/index.ts'
import { numbers } from '../../execution/fixtures/numbers.ts'

/** How often a key has been seen so far. */
export interface Counted {
  readonly key: number
  readonly count: number
}

/** Counts per key, as they grow. */
export function counting(source: Source<number>): JobDefinition {
  return defineJob('counting', (env) => {
    env
      .from(source)
      .keyBy((value) => value % 5)
      .aggregate(count(), (counted, key): Counted => ({ key, count: counted }))
      .collect('counts')
  })
}

/** The same of sixty numbers in six splits. */
export const counts = counting(numbers(60, 10))
