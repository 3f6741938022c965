/** What the benchmark of asynchronous operators runs: numbers, a timer each, and a sink that drops them. */
import { defineJob } from '../../api/index.ts'
import { discardSink } from '../../connectors/discard/index.ts'
import { generatorSource } from '../../connectors/generator/index.ts'

/** Records in flight at a time. */
export const IN_FLIGHT = 1_000

/** The thing outside: answers after a timer of 1 ms. */
export function ask(value: number): Promise<number> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1, value)
  })
}

/** Numbers through `mapAsync`. */
export const asyncJob = defineJob(
  {
    name: 'async',
    args: {
      order: { type: 'string', choices: ['ordered', 'unordered'], required: true },
      count: { type: 'integer', required: true },
    },
  } as const,
  (env, { order, count }) => {
    env
      .from(generatorSource({ count, generate: (index) => index }))
      .mapAsync(ask, { order, capacity: IN_FLIGHT })
      .to(discardSink())
  },
)
