/**
 * Four Nexmark queries against Bytewax, which processes streams in Python: the same JSON Lines file, one worker each.
 *
 * Before anything is measured both give the same rows. Then they take turns. The time of both begins with the first event.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installBytewax } from './bytewax/run-bytewax.ts'
import type { RunBytewax } from './bytewax/run-bytewax.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, ratios } from './measure.ts'
import { EventGenerator } from './nexmark/generator/events.ts'
import { wantedQueries } from './nexmark/queries/queries.ts'
import { finalRows, readLines, requireSameRows, streamRows } from './nexmark/rows.ts'
import { runQuery } from './nexmark/run-query.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

const KNOWN = ['q1', 'q2', 'q5', 'q7']
const EVENTS = 100_000
const ROUNDS = 2
const CHECKED = { events: 20_000, groupSize: 100 }

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  events = EVENTS,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const wanted = wantedQueries(queries, KNOWN)
  const bytewax = await installBytewax(log)
  return inTemporaryFolder('bytewax', async (folder) => {
    const few = join(folder, 'few.jsonl')
    const many = join(folder, 'many.jsonl')
    await writeEvents(few, CHECKED.events, CHECKED.groupSize)
    await writeEvents(many, events, 1)
    const figures: Figure[] = []
    for (const query of wanted) {
      const output = join(folder, 'rows.jsonl')
      await bytewax(query, few, output)
      const expected = await streamRows(query, CHECKED)
      requireSameRows(query, finalRows(query, await readLines(output)), expected)
      log(`${query}: the rows are the same`)
      figures.push(...(await measure(query, bytewax, { input: many, events, rounds })))
    }
    return figures
  })
}

async function measure(
  query: string,
  bytewax: RunBytewax,
  { input, events, rounds }: { input: string; events: number; rounds: number },
): Promise<readonly Figure[]> {
  const settings = { events, input, parallelism: 1, groupSize: 1, host: 'threads' } as const
  const runs = await alternate(
    {
      ours: async () => events / (await runQuery(query, settings)).seconds,
      bytewax: async () => events / (await bytewax(query, input, '-')),
    },
    { rounds, warmups: 0 },
  )
  return [
    figure('bytewax', `${query}: parallelism 1 / Bytewax`, ratios(runs.ours, runs.bytewax)),
    figure('bytewax', `${query}: parallelism 1, events/s`, runs.ours),
    figure('bytewax', `${query}: Bytewax, events/s`, runs.bytewax),
  ]
}

async function writeEvents(file: string, events: number, groupSize: number): Promise<void> {
  const generator = new EventGenerator({ groupSize })
  const lines = Array.from({ length: events }, (_, n) => JSON.stringify(generator.at(n)))
  await writeFile(file, `${lines.join('\n')}\n`)
}
